/// A job's number and the chunks of one thread's share that nobody has claimed, in one word that is swapped at once.
struct ChunkClaims {
  private static let chunkBits: UInt64 = 20
  /// Chunks that a job may have.
  static let maximumChunks = 1 << 19
  private static let mask: UInt64 = (1 << chunkBits) - 1

  let word: UInt64

  init(word: UInt64) { self.word = word }

  init(generation: UInt64, chunks: Range<Int>) {
    word =
      generation << (2 * Self.chunkBits) | UInt64(chunks.upperBound) << Self.chunkBits
      | UInt64(chunks.lowerBound)
  }

  /// The chunk to claim; ``end`` if none is left.
  var next: Int { Int(word & Self.mask) }
  var end: Int { Int(word >> Self.chunkBits & Self.mask) }
  /// The same share after `next` has been claimed.
  var claimed: ChunkClaims { ChunkClaims(word: word + 1) }
}
