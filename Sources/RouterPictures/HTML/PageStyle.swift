/// How a page looks: one style sheet for light and dark, wide and narrow.
package enum PageStyle {
  /// Colours of exits that a page can tell apart; of more exits, neighbours share one.
  package static let shadeCount = 12

  /// The style sheet.
  ///
  /// - Parameter exitCount: exits below full depth, which share out the colours.
  package static func sheet(exitCount: Int) -> String {
    let light = shades(exitCount, from: 0.02, to: 0.6)
    let dark = shades(exitCount, from: 0.98, to: 0.42)
    return """
      :root { color-scheme: light dark; --ground: #ffffff; --card: #f6f7f8; --ink: #1c2126; --muted: #5a646e;
        --grid: #dfe3e7; --axis: #8b949d; --series: #3b6ea5; --accent: #c2410c; \(light) }
      @media (prefers-color-scheme: dark) { :root { --ground: #14181c; --card: #1d2328; --ink: #e6e9ec;
        --muted: #a3adb6; --grid: #333b43; --axis: #77828c; --series: #7fb2e5; --accent: #ff9a52; \(dark) } }
      * { box-sizing: border-box; }
      body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
      main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
      h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .4rem; }
      h2 { font-size: 1.2rem; margin: 2.6rem 0 .3rem; }
      h3 { font-size: 1rem; margin: 0 0 .3rem; }
      p { margin: .4rem 0 .8rem; max-width: 75ch; }
      p.guarantee { font-size: 1.1rem; border-left: 4px solid var(--accent); padding-left: 14px; }
      .soft { color: var(--muted); }
      .tiles, .charts, .multiples { display: grid; gap: 16px; }
      .tiles { grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); margin: 1.2rem 0; }
      .tile, figure, .example { background: var(--card); border-radius: 8px; padding: 12px 14px; }
      .tile b { display: block; font-size: 1.45rem; font-weight: 600; line-height: 1.3; }
      .tile span { color: var(--muted); font-size: .88rem; display: block; line-height: 1.35; }
      .charts { align-items: start; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); }
      .multiples { grid-template-columns: repeat(auto-fill, minmax(min(100%, 250px), 1fr)); }
      figure { margin: 0; min-width: 0; }
      figcaption { font-weight: 600; margin-bottom: 4px; }
      figcaption span { font-weight: 400; color: var(--muted); }
      svg { display: block; width: 100%; height: auto; max-width: 540px; margin: 0 auto; }
      .multiples svg { max-width: 340px; }
      svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
      svg .tick, svg .note { fill: var(--muted); }
      svg .title { fill: var(--muted); font-weight: 600; }
      .grid { stroke: var(--grid); fill: none; }
      .axis { stroke: var(--axis); fill: none; }
      .diagonal { stroke: var(--axis); fill: none; stroke-dasharray: 2 4; }
      polyline.guarantee { stroke: var(--ink); fill: none; stroke-dasharray: 6 4; }
      .path { stroke: var(--series); fill: none; stroke-width: 1.2; opacity: .55; }
      .whisker { fill: none; stroke: var(--series); stroke-width: 1.5; }
      .dot { stroke: var(--series); stroke-width: 1.8; fill: var(--series); }
      .bubble { fill-opacity: .75; }
      .failed.dot { fill: var(--card); }
      .failed.whisker { stroke-dasharray: 3 3; }
      .full.dot { fill: var(--ink); stroke: var(--ink); }
      .accent.whisker, .threshold { stroke: var(--accent); fill: none; stroke-width: 2; }
      .accent.dot { fill: var(--accent); stroke: var(--accent); }
      svg text.accent { fill: var(--accent); font-weight: 600; }
      .curve { fill: none; stroke-width: 2; }
      polyline.accent.curve { stroke: var(--accent); stroke-width: 3; }
      \((0..<shadeCount).map(rules).joined(separator: "\n"))
      .bar.deep { fill: var(--axis); }
      .scroll { overflow-x: auto; }
      table { border-collapse: collapse; font-size: .92rem; }
      th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--grid);
        vertical-align: top; }
      th { color: var(--muted); font-weight: 600; white-space: nowrap; }
      td:first-child { min-width: 9em; }
      .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
      tr.certified td { color: var(--accent); font-weight: 600; }
      .facts td { overflow-wrap: anywhere; }
      .facts td:first-child { color: var(--muted); white-space: nowrap; }
      .example { margin: 12px 0; }
      .ask { color: var(--muted); white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 8px; }
      .answer { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.9; margin: 0; max-width: none; }
      .t { border-radius: 3px; padding: 1px 0; border-bottom: 3px solid transparent; }
      .t.off { text-decoration: underline wavy var(--accent) 2px; text-underline-offset: 5px; }
      .key { display: inline-block; padding: 1px 8px; margin: 2px 6px 2px 0; }
      """
  }

  /// Classes of one colour: marks, words on top of it, labels in it.
  private static func rules(_ shade: Int) -> String {
    """
    .bar.e\(shade) { fill: var(--e\(shade)); } polyline.e\(shade) { stroke: var(--e\(shade)); }
    svg text.e\(shade) { fill: var(--e\(shade)); font-weight: 600; }
    .t.e\(shade) { border-bottom-color: var(--e\(shade));
      background: color-mix(in srgb, var(--e\(shade)) 20%, transparent); }
    """
  }

  /// The place of each exit in the colours, by depth.
  ///
  /// - Parameter depths: of the exits below full depth, ascending.
  package static func shades(of depths: [Int]) -> [Int: Int] {
    Dictionary(
      uniqueKeysWithValues: depths.enumerated().map { index, depth in
        (depth, depths.count > shadeCount ? index * shadeCount / depths.count : index)
      })
  }

  /// The colours of exits, from shallow to deep, as custom properties.
  private static func shades(_ exitCount: Int, from: Double, to: Double) -> String {
    let used = min(max(exitCount, 1), shadeCount)
    return (0..<shadeCount).map { shade in
      let share = used > 1 ? Double(min(shade, used - 1)) / Double(used - 1) : 0
      return "--e\(shade): \(SVGText.ramp(from + (to - from) * share));"
    }.joined(separator: " ")
  }
}
