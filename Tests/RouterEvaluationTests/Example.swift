import Foundation
import RouterEvaluation

/// Rows as the program gets them: from JSON.
func example(_ json: String) throws -> PromptExample {
  try JSONDecoder().decode(PromptExample.self, from: Data(json.utf8))
}
