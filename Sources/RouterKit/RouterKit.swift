// One import for a program that embeds a model: what it calls, and whatever that throws or returns.
@_exported public import RouterCalibration
@_exported public import RouterCheckpoint
@_exported public import RouterDecoding
@_exported public import RouterExit
@_exported public import RouterModel
@_exported public import RouterTokenizer
