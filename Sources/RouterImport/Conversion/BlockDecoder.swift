/// Decodes stored elements into f32.
package enum BlockDecoder {
  /// Decodes whole blocks.
  ///
  /// - Parameters:
  ///   - source: whole blocks of `encoding`, at any alignment.
  ///   - target: f32, one for each element of the blocks.
  package static func decode(
    _ encoding: SourceEncoding, _ source: UnsafeRawBufferPointer,
    into target: UnsafeMutableBufferPointer<Float>
  ) {
    let format = encoding.format
    let blocks = format.blocks(source)
    precondition(target.count == (blocks?.count ?? 0) * format.blockElements, "buffers differ in size")
    guard let blocks, let output = target.baseAddress else { return }
    format.decode(blocks, output)
  }
}
