/// A page: one HTML file without scripts that needs nothing else.
package struct HTMLPage: Sendable {
  /// Of the window and of the page's head line.
  package let title: String
  /// Exits below full depth, which share out the colours of ``PageStyle``.
  package let exitCount: Int
  /// What stands below the head line, in HTML; empty ones are left out.
  package let sections: [String]

  /// Prepares the page.
  package init(title: String, exitCount: Int, sections: [String]) {
    self.title = title
    self.exitCount = exitCount
    self.sections = sections
  }

  /// The file.
  package var html: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <title>\(HTMLText.escaped(title))</title>
    <style>
    \(PageStyle.sheet(exitCount: exitCount))
    </style>
    </head>
    <body>
    <main>
    \(HTMLText.element("h1", title))
    \(sections.filter { !$0.isEmpty }.joined(separator: "\n"))
    </main>
    </body>
    </html>

    """
  }

  /// A section with its title, what it shows, and content in HTML.
  package static func section(_ title: String, _ explanation: String, _ content: String) -> String {
    "<section>\n\(HTMLText.element("h2", title))\n\(HTMLText.element("p", explanation, class: "soft"))\n"
      + "\(content)\n</section>"
  }

  /// A picture or a table, in HTML, with its caption.
  package static func figure(_ title: String, note: String = "", _ content: String) -> String {
    let soft = note.isEmpty ? "" : " " + HTMLText.element("span", note)
    return "<figure>\n\(HTMLText.raw("figcaption", HTMLText.escaped(title) + soft))\n\(content)\n</figure>"
  }
}
