#if Server
  import ArgumentParser
  import RouterServer

  extension ServedMode: ExpressibleByArgument {}
#endif
