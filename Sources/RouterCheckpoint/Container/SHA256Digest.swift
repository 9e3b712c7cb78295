import CCrypto

/// SHA-256 as lowercase hexadecimal text, computed by libcrypto.
///
/// By the system's libcrypto, since swift-crypto is no faster (1.1 s a GiB, both), and would have every program that
/// embeds a model build BoringSSL: four minutes of processor time.
package enum SHA256Digest {
  /// The digest of a file's bytes.
  ///
  /// - Throws: ``CheckpointError`` if the file cannot be read.
  /// - Complexity: O(size); constant memory.
  package static func hex(ofFile path: String) throws(CheckpointError) -> String {
    let file = try RandomAccessFile(path: path)
    let hasher = Hasher()
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { chunk.deallocate() }
    var offset = 0
    while true {
      let count = try file.readSome(at: offset, into: chunk)
      if count == 0 { return hasher.hex() }
      hasher.update(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
      offset += count
    }
  }

  /// The digest of bytes in memory.
  package static func hex(of bytes: some Sequence<UInt8>) -> String {
    let hasher = Hasher()
    if bytes.withContiguousStorageIfAvailable({ hasher.update(UnsafeRawBufferPointer($0)) }) == nil {
      Array(bytes).withUnsafeBytes { hasher.update($0) }
    }
    return hasher.hex()
  }

  /// A digest that grows piece by piece.
  package final class Hasher {
    private let context: OpaquePointer

    /// Starts a digest.
    package init() {
      // libcrypto fails here only without memory or without its built-in algorithms, which no caller can mend.
      guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
        preconditionFailure("libcrypto has no SHA-256")
      }
      self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Appends bytes.
    package func update(_ bytes: UnsafeRawBufferPointer) {
      let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
      precondition(status == 1, "libcrypto failed to update a digest")
    }

    /// Appends bytes.
    package func update(_ bytes: [UInt8]) {
      bytes.withUnsafeBytes { update($0) }
    }

    /// Ends the digest, 64 lowercase hexadecimal characters; call it once.
    package func hex() -> String {
      var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
      var count: UInt32 = 0
      let status = EVP_DigestFinal_ex(context, &digest, &count)
      precondition(status == 1 && count == 32, "libcrypto failed to end a digest")
      return digest[..<32].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }
}
