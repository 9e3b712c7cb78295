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
    let health = HealthHandler(holder: holder, monitor: monitor)
    let report = MetricsHandler(holder: holder, metrics: metrics, monitor: monitor)
    for endpoint in Endpoint.allCases {
      router.on(RouterPath(endpoint.rawValue), method: endpoint.method) { request, context in
        switch endpoint {
        case .chatCompletions: try await completions.chat(request, context)
        case .completions: try await completions.text(request, context)
        case .models: try models.list()
        case .model: try models.one(context)
        case .health: try health.report()
        case .metrics: report.report()
        }
      }
    }
    return router
  }
}
