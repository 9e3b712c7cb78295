/// Layers that some rows in flight run together.
package struct LayerRun: Sendable, Equatable {
  /// 0-based indices of the layers.
  package let layers: Range<Int>
  /// Indices into ``KeyValueLedger/depths``.
  package let rows: Range<Int>

  package init(layers: Range<Int>, rows: Range<Int>) {
    self.layers = layers
    self.rows = rows
  }
}
