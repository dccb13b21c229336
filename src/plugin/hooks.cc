#include "plugin/hooks.h"

#include <algorithm>

namespace turms::plugin {

namespace {

/// Of any kind, but of one at least.
bool read_change(const turms_decision& raw, Decision& out) {
  if (TURMS_HAS(&raw, text)) out.text = raw.text;
  if (raw.struct_size >= TURMS_SIZE_WITH(turms_decision, data_size) && raw.data != nullptr) {
    if (raw.data_size > TURMS_MAX_DATA) return false;
    out.data.emplace(reinterpret_cast<const char*>(raw.data), raw.data_size);
  }
  if (raw.struct_size >= TURMS_SIZE_WITH(turms_decision, id_count) && raw.ids != nullptr) {
    if (raw.id_count > TURMS_MAX_IDS) return false;
    out.ids.emplace(raw.ids, raw.ids + raw.id_count);
  }
  return out.text || out.data || out.ids;
}

}  // namespace

bool HookTables::asks_about(int32_t kind) const {
  if (requests->kinds == nullptr) return true;
  const int32_t* const end = requests->kinds + requests->kind_count;
  return std::find(requests->kinds, end, kind) != end;
}

std::optional<Decision> read_decision(turms_verdict verdict, const turms_decision* raw) {
  Decision out;
  out.verdict = verdict;
  switch (verdict) {
    case TURMS_ALLOW:
      return out;
    case TURMS_REJECT:
      if (raw != nullptr && TURMS_HAS(raw, reason)) out.reason = raw->reason;
      if (raw != nullptr) out.code = raw->code;
      // Protocol codes have four digits, and 1000 is none of a refusal.
      if (out.code != 0 && (out.code <= 1000 || out.code > 9999)) return std::nullopt;
      return out;
    case TURMS_CHANGE:
      if (raw == nullptr || !read_change(*raw, out)) return std::nullopt;
      return out;
    case TURMS_PASS:
      return out;
    case TURMS_LATER:
      break;
  }
  return std::nullopt;
}

RawMessage::RawMessage(const im::Draft& draft) {
  records_.reserve(draft.records.size());
  for (const Bytes& record : draft.records) records_.push_back({record.data(), record.size()});
  raw_.struct_size = sizeof raw_;
  raw_.sender_id = draft.sender_id.value;
  raw_.group_id = draft.group_id ? draft.group_id->value : 0;
  raw_.recipient_id = draft.recipient_id ? draft.recipient_id->value : 0;
  raw_.edited_id = draft.edited_id ? draft.edited_id->value : 0;
  raw_.text = draft.text ? draft.text->c_str() : nullptr;
  raw_.records = records_.data();
  raw_.record_count = records_.size();
  raw_.trace_id = draft.trace_id;
}

}  // namespace turms::plugin
