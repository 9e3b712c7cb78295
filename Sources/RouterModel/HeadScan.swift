import RouterCheckpoint
import RouterTensor

/// What the screen of the head says of some rows in flight.
struct HeadScan {
  let rows: Range<Int>
  let scores: ScreenScratch
}
