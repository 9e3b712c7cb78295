import RouterCheckpoint

/// Where each tensor of a model lies in one block of f32.
///
/// Order: embedding, final norm, head unless tied, then layer after layer.
struct ParameterLayout: Sendable {
  /// One tensor.
  struct Slot: Sendable {
    /// Name in a checkpoint.
    let name: String
    let shape: [Int]
    let offset: Int
    var count: Int { shape.reduce(1, *) }
  }

  /// Offsets of one layer's tensors, from the block's start.
  struct Layer: Sendable {
    let inputNorm, query, key, value, output, postAttentionNorm, gate, up, down: Int
    let biases: (query: Int, key: Int, value: Int)?
    /// The layer's part of the block.
    let range: Range<Int>
  }

  let configuration: ModelConfiguration
  /// All tensors in order.
  let slots: [Slot]
  let embedding: Int
  let finalNorm: Int
  /// The embedding's offset if the head is tied.
  let head: Int
  /// The first `layerCount` layers.
  let layers: [Layer]
  /// f32 in the block.
  let count: Int

  init(configuration: ModelConfiguration, layerCount: Int) {
    var slots: [Slot] = []
    var end = 0
    func add(_ name: String, _ shape: [Int]) -> Int {
      let slot = Slot(name: name, shape: shape, offset: end)
      slots.append(slot)
      end += slot.count
      return slot.offset
    }
    let (width, inner) = (configuration.width, configuration.feedForwardWidth)
    let queryWidth = configuration.headCount * configuration.headWidth
    let keyWidth = configuration.keyValueHeadCount * configuration.headWidth
    self.configuration = configuration
    embedding = add(TensorName.embedding, [configuration.vocabularySize, width])
    finalNorm = add(TensorName.finalNorm, [width])
    head =
      configuration.tiedHead ? embedding : add(TensorName.head, [configuration.vocabularySize, width])
    layers = (0..<layerCount).map { index in
      let start = end
      func part(_ part: TensorName.LayerPart, _ shape: [Int]) -> Int {
        add(TensorName.layer(index, part), shape)
      }
      let inputNorm = part(.inputNorm, [width])
      let query = part(.queryWeight, [queryWidth, width])
      let key = part(.keyWeight, [keyWidth, width])
      let value = part(.valueWeight, [keyWidth, width])
      let biases =
        configuration.attentionBias
        ? (
          query: part(.queryBias, [queryWidth]), key: part(.keyBias, [keyWidth]),
          value: part(.valueBias, [keyWidth])
        ) : nil
      let output = part(.outputWeight, [width, queryWidth])
      let postAttentionNorm = part(.postAttentionNorm, [width])
      let (gate, up) = (part(.gateWeight, [inner, width]), part(.upWeight, [inner, width]))
      let down = part(.downWeight, [width, inner])
      return Layer(
        inputNorm: inputNorm, query: query, key: key, value: value, output: output,
        postAttentionNorm: postAttentionNorm, gate: gate, up: up, down: down, biases: biases,
        range: start..<end)
    }
    self.slots = slots
    count = end
  }

  /// The matrices of the layer with 0-based index `index`.
  func matrices(ofLayer index: Int) -> [Slot] {
    slots.filter { $0.shape.count == 2 && layers[index].range.contains($0.offset) }
  }
}
