import RouterCheckpoint
import RouterTensor

// Positions meet here: rotary embedding, the cache, and attention over it.
extension InferenceSession {
  /// Rotates `count` heads that lie together, f32 `[count, K]`, by the angles of a position.
  func rotate(_ heads: UnsafeMutablePointer<Float>, heads count: Int, position: Int) {
    let width = model.configuration.headWidth
    for head in 0..<count {
      model.multiplier.kernels.rotate(
        heads + head * width, cosines: rotary.cosines(at: position), sines: rotary.sines(at: position),
        width: width)
    }
  }

  /// Adds biases, rotates the keys of one row `[G * K]`, and puts keys and values into a layer's cache.
  func store(
    key: UnsafeMutablePointer<Float>, value: UnsafeMutablePointer<Float>, row: Int,
    biases: LlamaWeights.AttentionBiases?, position: Int, in cache: KeyValueCache
  ) {
    let configuration = model.configuration
    let (heads, width) = (configuration.keyValueHeadCount, configuration.headWidth)
    let (key, value) = (key + row * heads * width, value + row * heads * width)
    if let biases {
      model.multiplier.kernels.add(biases.key, to: key, count: heads * width)
      model.multiplier.kernels.add(biases.value, to: value, count: heads * width)
    }
    rotate(key, heads: heads, position: position)
    for head in 0..<heads {
      cache.keys(head: head, from: position).update(from: key + head * width, count: width)
      cache.values(head: head, from: position).update(from: value + head * width, count: width)
    }
  }

  /// Causal attention of every row and head over the cache.
  func attend(in cache: KeyValueCache) {
    let configuration = model.configuration
    let (heads, width) = (configuration.headCount, configuration.headWidth)
    let sharing = heads / configuration.keyValueHeadCount
    let scale = 1 / Float(width).squareRoot()
    let kernels = model.multiplier.kernels
    let scores = scores.pointer.assumingMemoryBound(to: Float.self)
    model.multiplier.team.run(chunks: rowCount * heads) { chunk in
      let (row, head) = (chunk / heads, chunk % heads)
      let offset = chunk * width
      kernels.attend(
        query: scratch.query + offset, keys: cache.keys(head: head / sharing),
        values: cache.values(head: head / sharing), count: position + row + 1, width: width, scale: scale,
        scores: scores + chunk * capacity, into: scratch.attended + offset)
    }
  }
}
