// Whoever sees a language model sees what the screen of its head has done: the server reports it and imports no model.
@_exported public import struct RouterModel.HeadScreenCounters
