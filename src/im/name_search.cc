#include "im/name_search.h"

#include "base/unicode.h"

namespace turms::im {

std::string highlight(const std::string& name, const std::string& text) {
  const std::string wanted = fold(text);
  const std::vector<char32_t> points = code_points(name);
  for (size_t begin = 0; begin < points.size(); ++begin) {
    std::string folded;
    for (size_t end = begin; end < points.size() && folded.size() < wanted.size(); ++end) {
      std::string one;
      append_utf8(one, points[end]);
      folded += fold(one);
      if (folded != wanted) continue;
      std::string out;
      for (size_t i = 0; i < points.size(); ++i) {
        if (i == begin) out += '\x02';
        append_utf8(out, points[i]);
        if (i == end) out += '\x03';
      }
      return out;
    }
  }
  return name;
}

}  // namespace turms::im
