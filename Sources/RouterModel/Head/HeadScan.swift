import RouterTensor

/// What the screen of the head says of some inputs, until the runner scans others.
package struct HeadScan {
  /// f32 `[n, D]`: what the head would read.
  let inputs: UnsafePointer<Float>
  /// Inputs that were scanned, n.
  package let count: Int
  let screen: MatrixScreen
  let scores: ScreenScratch
}
