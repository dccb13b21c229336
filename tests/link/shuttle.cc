#include "link/shuttle.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <vector>

namespace turms::link {

Shuttle::Shuttle(std::unique_ptr<Ends> ends, const Profiles& profiles, uint64_t seed,
                 Duration report)
    : ends_(std::move(ends)),
      up_(profiles.up, seed, ends_->overhead()),
      down_(profiles.down, seed + 1, ends_->overhead()),
      start_(monotonic_now()),
      report_(report),
      next_report_(report > Duration{} ? start_ + report : kNever) {}

void Shuttle::run() {
  say(fmt::format(R"({{"event":"ready"{}}})", ends_->describe()));
  std::vector<pollfd> polled;
  while (true) {
    polled.assign(1, {STDIN_FILENO, POLLIN, 0});
    for (const int descriptor : ends_->descriptors()) polled.push_back({descriptor, POLLIN, 0});
    const Duration wait = std::clamp(next_timeout() - monotonic_now(), Duration{}, Duration(60s));
    const timespec timeout{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
    if (::ppoll(polled.data(), polled.size(), &timeout, nullptr) < 0 && errno != EINTR) return;
    for (size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents == 0) continue;
      ends_->read(polled[i].fd, [&](Way way, Packet packet) {
        (way == Way::kUp ? up_ : down_).send(monotonic_now(), std::move(packet));
      });
    }
    deliver();
    if (polled[0].revents != 0 && !read_input()) return;
    change_what_is_due();
    if (monotonic_now() >= next_report_) report();
  }
}

TimePoint Shuttle::next_timeout() const {
  TimePoint next = std::min({up_.next_timeout(), down_.next_timeout(), next_report_});
  return changes_.empty() ? next : std::min(next, changes_.begin()->first);
}

void Shuttle::deliver() {
  while (auto packet = up_.receive(monotonic_now())) ends_->write(Way::kUp, std::move(*packet));
  while (auto packet = down_.receive(monotonic_now())) ends_->write(Way::kDown, std::move(*packet));
}

bool Shuttle::read_input() {
  std::array<char, 4096> buffer;
  const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (size <= 0) return false;
  input_.append(buffer.data(), static_cast<size_t>(size));
  size_t begin = 0;
  for (size_t end; (end = input_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    take_line(std::string_view(input_).substr(begin, end - begin));
  }
  input_.erase(0, begin);
  if (input_.size() > kMaxLine) {
    say(R"({"event":"error","message":"a line is too long"})");
    return false;
  }
  return true;
}

void Shuttle::take_line(std::string_view line) {
  if (line.find_first_not_of(" \r\t") == std::string_view::npos) return;
  const Result<Duration> at = change_time(line);
  if (at && start_ + *at > monotonic_now() && changes_.size() < kMaxChanges) {
    changes_.emplace(start_ + *at, line);
  } else {
    change(line);
  }
}

void Shuttle::change_what_is_due() {
  while (!changes_.empty() && changes_.begin()->first <= monotonic_now()) {
    const std::string line = std::move(changes_.begin()->second);
    changes_.erase(changes_.begin());
    change(line);
  }
}

void Shuttle::change(std::string_view line) {
  Profiles profiles{up_.profile(), down_.profile()};
  if (Status status = apply_change(line, profiles); !status) {
    // The messages quote keys, which are JSON already but for these.
    std::string message = status.error().message;
    std::erase_if(message, [](unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; });
    return say(fmt::format(R"({{"event":"error","message":"{}"}})", message));
  }
  const TimePoint now = monotonic_now();
  up_.set_profile(now, profiles.up);
  down_.set_profile(now, profiles.down);
  say(fmt::format(R"({{"event":"changed","t_ms":{}}})", to_ms(elapsed())));
}

void Shuttle::report() {
  next_report_ = std::max(next_report_ + report_, monotonic_now());
  say(fmt::format(R"({{"event":"counters","t_ms":{},"up":{},"down":{},"write_failures":{}}})",
                  to_ms(elapsed()), describe(up_, up_.take_longest_queued()),
                  describe(down_, down_.take_longest_queued()), ends_->write_failures));
}

void Shuttle::say(const std::string& line) {
  // Who does not read is told less: the link goes on.
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  if (::poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return;
  const std::string whole = line + "\n";
  (void)!::write(STDOUT_FILENO, whole.data(), whole.size());
}

}  // namespace turms::link
