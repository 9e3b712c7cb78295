// swift-tools-version: 6.2

import PackageDescription

/// Settings that every Swift target shares.
let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Only the program and its server see other packages, and only where their traits are on, so that a package which
/// wants a library with `traits: []` resolves none.
let ifProgram: TargetDependencyCondition? = .when(traits: ["Program"])
let ifServer: TargetDependencyCondition? = .when(traits: ["Server"])

let package = Package(
  name: "router",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "RouterExit", targets: ["RouterExit"]),
    .library(name: "RouterKit", targets: ["RouterKit"]),
    .executable(name: "router", targets: ["RouterCLI"]),
  ],
  traits: [
    .default(enabledTraits: ["Server"]),
    .trait(name: "Program", description: "The program `router`, on swift-argument-parser."),
    .trait(
      name: "Server", description: "Its command `router serve`, on Hummingbird.", enabledTraits: ["Program"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: [
    // Layer 0: C kernels, system libraries, random numbers.
    .target(name: "CRouterKernels"),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .systemLibrary(
      name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),

    .target(name: "RouterRandom", swiftSettings: swiftSettings),

    // Layer 1
    .target(
      name: "RouterTensor", dependencies: ["CRouterKernels", "COpenBLAS"], swiftSettings: swiftSettings),
    .target(name: "RouterTokenizer", swiftSettings: swiftSettings),
    .target(name: "RouterExit", swiftSettings: swiftSettings),
    .target(name: "RouterPictures", swiftSettings: swiftSettings),

    // Layer 2
    .target(
      name: "RouterCheckpoint", dependencies: ["RouterTensor", "CZstd", "CCrypto"],
      swiftSettings: swiftSettings),
    .target(
      name: "RouterCalibration", dependencies: ["RouterExit", "RouterRandom"], swiftSettings: swiftSettings),

    // Layer 3
    .target(
      name: "RouterModel", dependencies: ["RouterTensor", "RouterCheckpoint"],
      swiftSettings: swiftSettings),
    .target(
      name: "RouterImport", dependencies: ["RouterTensor", "RouterCheckpoint", "RouterTokenizer"],
      resources: [.copy("Adapters")], swiftSettings: swiftSettings),

    // Layer 4
    .target(
      name: "RouterDecoding",
      dependencies: [
        "RouterModel", "RouterExit", "RouterTokenizer", "RouterTensor", "RouterCheckpoint", "RouterRandom",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "RouterTraining",
      dependencies: [
        "RouterModel", "RouterPictures", "RouterTensor", "RouterCheckpoint", "RouterRandom", "COpenBLAS",
      ],
      swiftSettings: swiftSettings),

    // Layer 5
    .target(
      name: "RouterEvaluation",
      dependencies: [
        "RouterCalibration", "RouterCheckpoint", "RouterDecoding", "RouterExit", "RouterModel",
        "RouterPictures", "RouterRandom", "RouterTensor", "RouterTokenizer",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "RouterServer",
      dependencies: [
        "RouterCalibration", "RouterDecoding", "RouterExit", "RouterTokenizer",
        .product(name: "HTTPTypes", package: "swift-http-types", condition: ifServer),
        .product(name: "Hummingbird", package: "hummingbird", condition: ifServer),
        .product(name: "HummingbirdCore", package: "hummingbird", condition: ifServer),
        .product(name: "Logging", package: "swift-log", condition: ifServer),
        .product(name: "Metrics", package: "swift-metrics", condition: ifServer),
        .product(name: "NIOCore", package: "swift-nio", condition: ifServer),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: ifServer),
        .product(name: "UnixSignals", package: "swift-service-lifecycle", condition: ifServer),
      ],
      swiftSettings: swiftSettings),

    .target(
      name: "RouterKit",
      dependencies: [
        "RouterCalibration", "RouterCheckpoint", "RouterDecoding", "RouterExit", "RouterModel",
        "RouterRandom",
        "RouterTokenizer",
      ],
      swiftSettings: swiftSettings),

    // Layer 6
    .executableTarget(
      name: "RouterCLI",
      dependencies: [
        "RouterCalibration", "RouterCheckpoint", "RouterDecoding", "RouterEvaluation", "RouterExit",
        "RouterImport", "RouterModel", "RouterPictures", "RouterTensor", "RouterTokenizer", "RouterTraining",
        .target(name: "RouterServer", condition: ifServer),
        .product(name: "ArgumentParser", package: "swift-argument-parser", condition: ifProgram),
        .product(name: "Logging", package: "swift-log", condition: ifServer),
      ],
      swiftSettings: swiftSettings),

    // Tests: what they share, then one target for each module.
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .target(
      name: "RouterTestSupport",
      dependencies: [
        "CAllocationCounter", "RouterCheckpoint", "RouterDecoding", "RouterExit", "RouterModel",
        "RouterRandom", "RouterTensor", "RouterTokenizer",
      ],
      path: "Tests/RouterTestSupport", swiftSettings: swiftSettings),
    .testTarget(name: "RouterRandomTests", dependencies: ["RouterRandom"], swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterTensorTests",
      dependencies: ["RouterTensor", "CRouterKernels", "RouterRandom", "RouterTestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterTokenizerTests", dependencies: ["RouterTokenizer", "RouterRandom"],
      resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterPicturesTests", dependencies: ["RouterPictures"], swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterExitTests", dependencies: ["RouterExit", "RouterRandom", "RouterTestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterCheckpointTests",
      dependencies: ["RouterCheckpoint", "RouterTensor", "RouterRandom", "RouterTestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterCalibrationTests",
      dependencies: ["RouterCalibration", "RouterExit", "RouterRandom", "RouterTestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterModelTests",
      dependencies: ["RouterModel", "RouterCheckpoint", "RouterTensor", "RouterRandom", "RouterTestSupport"],
      resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterImportTests",
      dependencies: [
        "RouterImport", "RouterCheckpoint", "RouterTensor", "RouterTokenizer", "RouterRandom",
        "RouterTestSupport",
      ],
      resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterDecodingTests",
      dependencies: [
        "RouterDecoding", "RouterModel", "RouterCheckpoint", "RouterExit", "RouterTokenizer", "RouterTensor",
        "RouterRandom", "RouterTestSupport",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterTrainingTests",
      dependencies: [
        "RouterTraining", "RouterModel", "RouterCheckpoint", "RouterTensor", "RouterRandom",
        "RouterTestSupport",
      ],
      resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterEvaluationTests",
      dependencies: [
        "RouterEvaluation", "RouterCalibration", "RouterCheckpoint", "RouterDecoding", "RouterExit",
        "RouterModel", "RouterPictures", "RouterTensor", "RouterTokenizer", "RouterRandom",
        "RouterTestSupport",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterKitTests",
      dependencies: [
        "RouterKit", "RouterCheckpoint", "RouterDecoding", "RouterExit", "RouterModel", "RouterTensor",
        "RouterTestSupport", "RouterTokenizer",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterServerTests",
      dependencies: [
        "RouterServer", "RouterCalibration", "RouterDecoding", "RouterExit", "RouterTokenizer",
        .product(name: "Logging", package: "swift-log", condition: ifServer),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RouterCLITests",
      dependencies: [
        "RouterCLI", "RouterCheckpoint", "RouterDecoding", "RouterExit", "RouterImport", "RouterTensor",
        "RouterTraining", "RouterTestSupport",
        .target(name: "RouterServer", condition: ifServer),
        .product(name: "ArgumentParser", package: "swift-argument-parser", condition: ifProgram),
      ],
      resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
  ]
)
