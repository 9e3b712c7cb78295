/// What each metric says, for `# HELP`.
enum MetricHelp {
  /// Texts by label.
  static let texts = [
    "router_requests": "Answered requests by endpoint and HTTP status.",
    "router_request_seconds": "Seconds from a request to the end of its answer.",
    "router_prompt_tokens": "Tokens of prompts.",
    "router_cached_prompt_tokens": "Tokens of prompts whose keys and values earlier requests had left.",
    "router_completion_tokens": "Tokens of answers.",
    "router_answers":
      "Answers by how they came about: the mode, the policy, the point of its path, and whether load chose it.",
    "router_depth": "Mean layers per token of an answer.",
    "router_prefill_seconds": "Seconds from the start of a sequence to its first token.",
    "router_decode_seconds": "Seconds from the first token of a sequence to its last.",
    "router_sequences": "Sequences that are decoded, and that wait.",
    "router_time_to_first_token_seconds": "Seconds from a request to its first token.",
    "router_time_between_tokens_seconds": "Seconds between tokens of an answer.",
    "router_sweep_rows":
      "Rows that went up the layers together in a sweep, drafts and prompt tokens among them.",
    "router_sweep_seconds": "Seconds of a sweep.",
    "router_prompt_rows": "Prompt tokens that went up the layers.",
    "router_kv_pages":
      "Pages of 128 positions of keys and values: held by sequences, promised to them, idle (kept for requests that begin with the same tokens), shared (what sharing saves), and the limit.",
    "router_preemptions":
      "Times that a sequence gave its pages back to an older one, to be read again when there is room.",
    "router_kv_bytes": "Memory that pages of keys and values have taken.",
    "router_kept_prefixes": "Named prefixes that are kept in memory and in the prefix file.",
    "router_kept_prefix_pages": "Pages of keys and values that kept prefixes hold; they count as held.",
    "router_kept_prefix_pages_limit": "Pages that kept prefixes may hold.",
    "router_draft_tokens": "Drafted tokens by what full depth said of them.",
    "router_verification_rounds": "Rounds that verified drafts.",
    "router_head_screen_tokens": "Tokens chosen through the screen of the head, and those that fell back.",
    "router_head_screen_rescored_rows": "Rows of the head whose exact logits were computed.",
    "router_head_screen_bytes": "Bytes of the screen of the head.",
    "router_audits": "Answers that were checked against full depth.",
    "router_audit_tokens": "Tokens of those answers.",
    "router_audits_unfit": "Answers that cannot be checked, by reason.",
    "router_audits_dropped": "Answers that were not checked for want of time.",
    "router_audits_failed": "Checks that failed.",
    "router_audits_pending": "Answers that wait to be checked.",
    "router_realised_risk": "Mean loss of the checked answers of a policy.",
    "router_realised_risk_lower": "Lower end of the confidence interval of the realised risk.",
    "router_realised_risk_upper": "Upper end of the confidence interval of the realised risk.",
    "router_promised_risk": "Risk that the policy's guarantee promises.",
    "router_promise_broken": "1 once checks have shown that the guarantee does not hold.",
    "vllm:num_requests_running": "Sequences that are decoded.",
    "vllm:num_requests_waiting": "Sequences that wait.",
    "vllm:num_preemptions": "Times that a sequence gave its pages back to an older one.",
    "vllm:kv_cache_usage_perc": "Share of the pages of keys and values that sequences hold, 0 to 1.",
  ]
}
