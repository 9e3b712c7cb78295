import ArgumentParser
import RouterDecoding

extension DecodingMode: ExpressibleByArgument {}
extension KeyValueMode: ExpressibleByArgument {}
