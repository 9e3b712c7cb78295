import Foundation
import RouterEvaluation

/// Rows as the program gets them: from JSON.
func row(_ json: String) throws -> EvaluationRow {
  try JSONDecoder().decode(EvaluationRow.self, from: Data(json.utf8))
}
