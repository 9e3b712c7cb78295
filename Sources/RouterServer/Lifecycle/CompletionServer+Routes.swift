import Hummingbird
import Logging

extension CompletionServer {
  /// Connects paths and handlers.
  static func routes(
    holder: ModelHolder, monitor: GuaranteeMonitor, metrics: ServerMetrics,
    configuration: ServerConfiguration,
    logger: Logger
  ) -> Router<ServerRequestContext> {
    let router = Router(context: ServerRequestContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: AccessMiddleware(logger: logger, metrics: metrics))

    let completions = CompletionHandler(
      holder: holder, configuration: configuration, metrics: metrics, monitor: monitor, logger: logger)
    let models = ModelsHandler(holder: holder, configuration: configuration)
    let prefixes = PrefixesHandler(holder: holder, configuration: configuration, logger: logger)
    let health = HealthHandler(holder: holder, monitor: monitor)
    let report = MetricsHandler(holder: holder, metrics: metrics, monitor: monitor)
    for (endpoint, method) in Endpoint.allCases.flatMap({ endpoint in
      endpoint.methods.map { (endpoint, $0) }
    }) {
      router.on(RouterPath(endpoint.rawValue), method: method) { request, context in
        switch endpoint {
        case .chatCompletions: try await completions.chat(request, context)
        case .completions: try await completions.text(request, context)
        case .models: try models.list()
        case .model: try models.one(context)
        case .prefixes where method == .post: try await prefixes.make(request, context)
        case .prefixes: try prefixes.list()
        case .prefix where method == .delete: try await prefixes.remove(context)
        case .prefix: try prefixes.one(context)
        case .health: try health.report()
        case .metrics: report.report()
        }
      }
    }
    return router
  }
}
