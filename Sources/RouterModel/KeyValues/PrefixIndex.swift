/// Which pages hold the keys and values of which beginnings of token sequences: a tree, a node for each page.
///
/// A pure value, which knows pages by their numbers. A node's tokens are compared, whatever their hash: a hash only
/// finds them. Nodes are in one list by their last use. A node is used when it is found or added, the deepest of a path
/// first, so that no node is behind those below it.
package struct PrefixIndex: Sendable {
  /// What is known of a token sequence.
  package struct Match: Sendable, Equatable {
    /// Pages whose positions are all known, from the first on.
    package internal(set) var pages: [Int] = []
    /// The page that follows, and how many of its positions are known.
    package internal(set) var tail: (page: Int, count: Int)?

    /// Positions that are known.
    package var count: Int { pages.count * KeyValueLayout.pagePositions + (tail?.count ?? 0) }

    package static func == (a: Match, b: Match) -> Bool {
      a.pages == b.pages && a.tail?.page == b.tail?.page && a.tail?.count == b.tail?.count
    }
  }

  /// Who shares what: a token sequence is only found by those who give the same scope.
  package typealias Scope = String

  private struct Node {
    /// Nil for a root.
    var parent: Int?
    /// Tokens of the page's positions, at most a page's; none of a root.
    var tokens: [Int32]
    var page: Int
    /// Children by the hash of their first tokens; see ``PrefixIndex/key(of:)``.
    var children: [Int?: [Int]] = [:]
    /// Children whose page is full, by the hash of their tokens.
    var full: [Int: [Int]] = [:]
    /// Neighbours in the list by last use.
    var newer: Int?
    var older: Int?
  }

  private var nodes: [Node] = []
  private var unused: [Int] = []
  private var roots: [Scope: Int] = [:]
  private var newest: Int?
  private var oldest: Int?
  /// Pages that the index has.
  package private(set) var count = 0

  private let hash: @Sendable (ArraySlice<Int32>) -> Int
  private let positions = KeyValueLayout.pagePositions
  /// Positions of a page that is not wholly known from which copying it costs less than running its tokens.
  package static let leastTail = 8

  /// Where children that begin with some tokens are listed: those that share as many as are worth copying, together; nil
  /// for those that have not so many.
  private func key(of tokens: ArraySlice<Int32>) -> Int? {
    tokens.count < Self.leastTail ? nil : hash(tokens.prefix(Self.leastTail))
  }

  /// - Parameter hash: of a page's tokens; another one only changes how fast they are found.
  package init(hash: @escaping @Sendable (ArraySlice<Int32>) -> Int = { $0.hashValue }) { self.hash = hash }

  /// What is known of the first `limit` tokens at most; it counts as used.
  package mutating func match(_ tokens: [Int32], limit: Int, scope: Scope) -> Match {
    let (match, path) = find(tokens, limit: limit, scope: scope)
    touch(path)
    return match
  }

  /// How many of the first `limit` tokens are known.
  package func knownCount(of tokens: [Int32], limit: Int, scope: Scope) -> Int {
    find(tokens, limit: limit, scope: scope).match.count
  }

  private func find(_ tokens: [Int32], limit: Int, scope: Scope) -> (match: Match, path: [Int]) {
    guard var node = roots[scope] else { return (Match(), []) }
    var (match, path, at) = (Match(), [Int](), 0)
    while at + positions <= limit, let next = child(of: node, with: tokens[at..<at + positions]) {
      match.pages.append(nodes[next].page)
      path.append(next)
      (node, at) = (next, at + positions)
    }
    var longest: (node: Int, count: Int)?
    for child in nodes[node].children[key(of: tokens[at..<limit])] ?? [] {
      let count = zip(nodes[child].tokens, tokens[at..<limit]).prefix { $0 == $1 }.count
      if count >= Self.leastTail, count > longest?.count ?? 0 { longest = (child, count) }
    }
    if let longest {
      match.tail = (nodes[longest.node].page, longest.count)
      path.append(longest.node)
    }
    return (match, path)
  }

  /// The child whose page is full and has these tokens.
  private func child(of node: Int, with tokens: ArraySlice<Int32>) -> Int? {
    nodes[node].full[hash(tokens)]?.first { nodes[$0].tokens.elementsEqual(tokens) }
  }

  /// Adds a token sequence. What is known already keeps its pages.
  ///
  /// - Parameter pages: the pages of the tokens' positions, the last of which may have room for more.
  /// - Returns: the pages that the index has now and had not, and those that it no longer has.
  package mutating func insert(
    _ tokens: ArraySlice<Int32>, pages: some Collection<Int>, scope: Scope
  ) -> (added: [Int], removed: [Int]) {
    guard !tokens.isEmpty else { return ([], []) }
    var node = roots[scope] ?? makeRoot(scope)
    var (path, added, removed) = ([Int](), [Int](), [Int]())
    for (index, page) in zip(0..., pages) {
      let start = tokens.startIndex + index * positions
      let part = tokens[start..<min(start + positions, tokens.endIndex)]
      let (next, isNew) = place(part, page, below: node, &removed)
      if isNew { added.append(page) }
      path.append(next)
      node = next
    }
    touch(path)
    return (added, removed)
  }

  /// The child of a node that holds tokens, made if there is none; children that hold less of the same go.
  private mutating func place(
    _ tokens: ArraySlice<Int32>, _ page: Int, below parent: Int, _ removed: inout [Int]
  ) -> (node: Int, isNew: Bool) {
    let isFull = tokens.count == positions
    if isFull, let known = child(of: parent, with: tokens) { return (known, false) }
    if !isFull, let known = longer(than: tokens, below: parent) { return (known, false) }
    // The page may be known with fewer positions: its holder has gone on.
    let shorter = shorter(than: tokens, below: parent)
    let same = shorter.first { nodes[$0].page == page }
    if let same {
      unlist(same, from: parent)
      nodes[same].tokens = Array(tokens)
      nodes[parent].children[key(of: tokens), default: []].append(same)
    }
    let node = same ?? add(Node(parent: parent, tokens: Array(tokens), page: page))
    for child in shorter where child != same { removed += remove(child) }
    if isFull { nodes[parent].full[hash(tokens), default: []].append(node) }
    return (node, same == nil)
  }

  /// A child that begins with these tokens.
  private func longer(than tokens: ArraySlice<Int32>, below parent: Int) -> Int? {
    let children = nodes[parent].children
    // Whoever has as many as make a key has the same key; few tokens may begin any.
    let likely =
      tokens.count >= Self.leastTail ? children[key(of: tokens)] ?? [] : children.values.flatMap(\.self)
    return likely.first { nodes[$0].tokens.starts(with: tokens) }
  }

  /// Children that these tokens begin with.
  private func shorter(than tokens: ArraySlice<Int32>, below parent: Int) -> [Int] {
    let children = nodes[parent].children
    var likely = children[key(of: tokens)] ?? []
    if tokens.count >= Self.leastTail { likely += children[nil] ?? [] }
    return likely.filter { tokens.starts(with: nodes[$0].tokens) }
  }

  /// Removes the page that was used the longest time ago of those that `isIdle` allows, and what follows it.
  ///
  /// - Returns: the pages that the index no longer has; none if none is idle.
  package mutating func removeOldest(where isIdle: (Int) -> Bool) -> [Int] {
    var next = oldest
    while let node = next {
      if isIdle(nodes[node].page) { return remove(node) }
      next = nodes[node].newer
    }
    return []
  }

  /// Forgets everything.
  ///
  /// - Returns: the pages that the index had.
  package mutating func removeAll() -> [Int] {
    var pages: [Int] = []
    while let oldest { pages += remove(oldest) }
    return pages
  }
}

// The tree and the list.
extension PrefixIndex {
  private mutating func makeRoot(_ scope: Scope) -> Int {
    let root = makeNode(Node(parent: nil, tokens: [], page: -1))
    roots[scope] = root
    return root
  }

  private mutating func makeNode(_ node: Node) -> Int {
    guard let place = unused.popLast() else {
      nodes.append(node)
      return nodes.count - 1
    }
    nodes[place] = node
    return place
  }

  private mutating func add(_ node: Node) -> Int {
    let place = makeNode(node)
    if let parent = node.parent {
      nodes[parent].children[key(of: node.tokens[...]), default: []].append(place)
    }
    count += 1
    link(place)
    return place
  }

  /// Removes a node and all below it; returns their pages.
  private mutating func remove(_ node: Int) -> [Int] {
    var pages: [Int] = []
    while let child = nodes[node].children.values.first?.last { pages += remove(child) }
    let (tokens, parent) = (nodes[node].tokens, nodes[node].parent)
    if let parent {
      unlist(node, from: parent)
      if tokens.count == positions {
        let key = hash(tokens[...])
        nodes[parent].full[key]?.removeAll { $0 == node }
        if nodes[parent].full[key]?.isEmpty == true { nodes[parent].full[key] = nil }
      }
    }
    pages.append(nodes[node].page)
    unlink(node)
    unused.append(node)
    count -= 1
    if let parent, nodes[parent].parent == nil, nodes[parent].children.isEmpty { removeRoot(parent) }
    return pages
  }

  /// Takes a node out of its parent's children.
  private mutating func unlist(_ node: Int, from parent: Int) {
    let key = key(of: nodes[node].tokens[...])
    nodes[parent].children[key]?.removeAll { $0 == node }
    if nodes[parent].children[key]?.isEmpty == true { nodes[parent].children[key] = nil }
  }

  private mutating func removeRoot(_ root: Int) {
    guard let scope = roots.first(where: { $0.value == root })?.key else { return }
    roots[scope] = nil
    unused.append(root)
  }

  /// Notes the use of the nodes of a path, the first of which is the uppermost.
  private mutating func touch(_ path: [Int]) {
    for node in path.reversed() {
      unlink(node)
      link(node)
    }
  }

  private mutating func link(_ node: Int) {
    nodes[node].older = newest
    if let newest { nodes[newest].newer = node }
    newest = node
    if oldest == nil { oldest = node }
  }

  private mutating func unlink(_ node: Int) {
    let (newer, older) = (nodes[node].newer, nodes[node].older)
    if let newer { nodes[newer].older = older } else { newest = older }
    if let older { nodes[older].newer = newer } else { oldest = newer }
    (nodes[node].newer, nodes[node].older) = (nil, nil)
  }
}
