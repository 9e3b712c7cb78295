/// A ZIP archive with one uncompressed member, as small as the format allows (APPNOTE 6.3, sections 4.3.7 to 4.3.16).
enum StoredZip {
  static func archive(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let path = Array(name.utf8)
    let common =
      little(20, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(0x21, 2) + little(crc(data), 4)
      + little(UInt32(data.count), 4) + little(UInt32(data.count), 4) + little(UInt32(path.count), 2)
      + little(0, 2)
    let local = little(0x0403_4B50, 4) + common + path + data
    let central =
      little(0x0201_4B50, 4) + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2)
      + little(0, 4)
      + little(0, 4) + path
    let end =
      little(0x0605_4B50, 4) + little(0, 2) + little(0, 2) + little(1, 2) + little(1, 2)
      + little(UInt32(central.count), 4) + little(UInt32(local.count), 4) + little(0, 2)
    return local + central + end
  }

  private static func little(_ value: UInt32, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
  }

  /// CRC-32 (ISO 3309), a bit at a time.
  private static func crc(_ data: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in data {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xEDB8_8320 }
    }
    return ~crc
  }
}
