import ArgumentParser
import RouterExit

extension DecodingMode: ExpressibleByArgument {}
extension KeyValueMode: ExpressibleByArgument {}
