/// What a stream of random numbers is drawn for.
package enum RandomPurpose: UInt64 {
  case initialValues = 1
  case order, vocabulary, exits, rounding
}
