import RouterCheckpoint
import RouterImport
import RouterTensor
import Testing

@Suite struct ImportPlanTests {
  @Test func defaultExitsAreThePapersFractions() throws {
    #expect(try ImportPlan.exits(nil, layerCount: 40) == [12, 16, 20, 24, 28, 32, 36, 40])
    #expect(try ImportPlan.exits(nil, layerCount: 30) == [9, 12, 15, 18, 21, 24, 27, 30])
    #expect(try ImportPlan.exits(nil, layerCount: 3) == [1, 2, 3])
    #expect(try ImportPlan.exits(nil, layerCount: 1) == [1])
  }

  @Test func exitsMustEndWithTheLastLayer() throws {
    #expect(try ImportPlan.exits([4, 2, 4], layerCount: 4) == [2, 4])
    for wanted in [[], [2], [0, 4], [4, 5], [-1, 4]] {
      let error = #expect(throws: ImportError.self) { try ImportPlan.exits(wanted, layerCount: 4) }
      #expect(error?.code == .invalidOption)
    }
  }

  @Test func fourBitsKeepTheVocabularyAtEight() throws {
    for (type, number, embedding) in [
      (SourceEncoding.f32, UInt32(0), WeightEncoding.q8), (.q80, 8, .q8), (.q40, 2, .q4), (.q6K, 14, .q8),
    ] {
      try Fixture.withFile(GGUFBuilder.llama(type, number: number).bytes) { path in
        let plan = try ImportPlan(GGUFModel.open(path: path), ImportOptions(quantization: .all(.q4)))
        #expect(plan.conversions[0].encoding == embedding)
        #expect(plan.conversions.filter { $0.encoding == .q4 }.count == (embedding == .q4 ? 8 : 7))
        #expect(plan.quantization == (embedding == .q4 ? "q4" : "mixed q4/q8"))
      }
    }
  }

  @Test(arguments: [WeightEncoding.f32, .bf16, .q8])
  func oneEncodingForAllMatrices(encoding: WeightEncoding) throws {
    try Fixture.withFile(GGUFBuilder.llama(.q51, number: 7).bytes) { path in
      let plan = try ImportPlan(GGUFModel.open(path: path), ImportOptions(quantization: .all(encoding)))
      #expect(plan.quantization == encoding.rawValue)
      #expect(plan.conversions.filter { $0.encoding == .f32 && $0.source.shape.count == 1 }.count == 3)
    }
  }

  @Test func matricesWithoutWholeGroupsStayWide() throws {
    let file = try InputFile(path: Fixture.path("blocks.safetensors"))
    let source = SourceTensor(file: file, name: "x", encoding: .f32, shape: [4, 40], offset: 0)
    #expect(ImportOptions.Quantization.all(.q4).encoding(for: source, .projection) == .bf16)
    #expect(ImportOptions.Quantization.all(.q8).encoding(for: source, .vocabulary) == .bf16)
    #expect(ImportOptions.Quantization.all(.f32).encoding(for: source, .projection) == .f32)
  }

  /// Codes, scales and minima asked for in any order are those of one conversion.
  @Test func partsOfAMatrixComeInAnyOrder() throws {
    try Fixture.withFile(GGUFBuilder.llama(.q6K, number: 14).bytes) { path in
      let source = try #require(GGUFModel.open(path: path).tensors["model.layers.0.self_attn.q_proj.weight"])
      let conversion = TensorConversion(source: source, name: "x", encoding: .q4)
      func parts(_ order: [Int]) throws -> [[UInt8]] {
        let pending = conversion.pendingTensors()
        var parts = [[UInt8]](repeating: [], count: 3)
        for index in order {
          let count = pending[index].shape.reduce(pending[index].dtype.byteCount, *)
          parts[index] = [UInt8](repeating: 0, count: count)
          try parts[index].withUnsafeMutableBytes { try pending[index].fill($0) }
        }
        return parts
      }
      let usual = try parts([0, 1, 2])
      #expect(try parts([2, 1, 0]) == usual)
      #expect(try parts([1, 0, 2]) == usual)
      #expect(usual[0].contains { $0 != 0 } && usual[1].contains { $0 != 0 } && usual[2].contains { $0 != 0 })
    }
  }
}
