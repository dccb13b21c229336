#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/crypto.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/raw_client_testing.h"
#include "storage/byte_range.h"
#include "storage/file_routes.h"
#include "storage/multipart.h"
#include "storage/picture_type.h"
#include "storage/tickets.h"
#include "storage/upload.h"

namespace turms::storage {
namespace {

const std::string kPng = std::string("\x89PNG\r\n\x1a\n", 8) + std::string(40, 'p');

struct RecordingForm final : MultipartParser::Handler {
  bool on_part(MultipartParser::Part part) override {
    heard += "[" + part.name + ":";
    return true;
  }
  bool on_data(ByteView data) override {
    heard += as_text(data);
    return true;
  }
  bool on_part_end() override {
    heard += "]";
    return true;
  }
  std::string heard;
};

/// What is heard of a form that comes in pieces of `step` bytes.
std::string heard(const std::string& text, size_t step) {
  RecordingForm form;
  MultipartParser parser("b", form);
  for (size_t at = 0; at < text.size(); at += step) {
    if (!parser.feed(as_bytes(std::string_view(text).substr(at, step)))) return "bad";
  }
  return parser.done() ? form.heard : "cut";
}

TEST(MultipartTest, ReadsAFormInAnyPieces) {
  const std::string text =
      "preamble\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x\r\n"
      "--b \r\ncontent-disposition: form-data; name=file; filename=\"q\\\"; name=z\"\r\n"
      "Content-Type: image/png\r\n\r\n\r\n\r\n--b--\r\nepilogue";
  for (size_t step = 1; step < text.size(); ++step) {
    EXPECT_EQ(heard(text, step), "[a:one\r\n--x][file:\r\n]") << step;
  }
  EXPECT_EQ(heard("--b\r\nContent-Disposition: form-data; name=\"e\"\r\n\r\n\r\n--b--", 3), "[e:]");
  EXPECT_EQ(heard("--b--", 1), "");
}

TEST(MultipartTest, RefusesWhatIsNoForm) {
  EXPECT_EQ(heard("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--", 7), "bad");
  EXPECT_EQ(heard("--b\r\nno colon\r\n\r\nx\r\n--b--", 7), "bad");
  EXPECT_EQ(heard("--bx\r\n", 7), "bad");
  EXPECT_EQ(heard("--b\r\nA: " + std::string(9000, 'x'), 1000), "bad");
  EXPECT_EQ(heard("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", 7), "cut");
}

TEST(MultipartTest, KnowsTheBoundary) {
  const auto boundary = [](const char* text) {
    return MultipartParser::parse_boundary(text).value_or("none");
  };
  EXPECT_EQ(boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(boundary("Multipart/Form-Data; charset=x; boundary=\"a b\""), "a b");
  EXPECT_EQ(boundary("multipart/form-data"), "none");
  EXPECT_EQ(boundary("multipart/form-data; boundary="), "none");
  EXPECT_EQ(boundary("text/plain; boundary=a"), "none");
  EXPECT_EQ(boundary(("multipart/form-data; boundary=" + std::string(71, 'a')).c_str()), "none");
}

TEST(ByteRangeTest, ReadsOneRange) {
  const auto part = [](std::string_view header, uint64_t size) -> std::string {
    ByteRange range;
    switch (parse_range(header, size, range)) {
      case RangeVerdict::kWhole:
        return "whole";
      case RangeVerdict::kUnsatisfiable:
        return "none";
      case RangeVerdict::kPart:
        break;
    }
    return std::to_string(range.first) + "+" + std::to_string(range.size);
  };
  EXPECT_EQ(part("bytes=0-0", 10), "0+1");
  EXPECT_EQ(part("bytes=2-", 10), "2+8");
  EXPECT_EQ(part("Bytes = 2 - 99", 10), "2+8");
  EXPECT_EQ(part("bytes=-3", 10), "7+3");
  EXPECT_EQ(part("bytes=-30", 10), "0+10");
  EXPECT_EQ(part("bytes=10-", 10), "none");
  EXPECT_EQ(part("bytes=-0", 10), "none");
  EXPECT_EQ(part("bytes=-1", 0), "none");
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=3-2", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4",
        "bytes=99999999999999999999-", "bytes=+1-2"}) {
    EXPECT_EQ(part(header, 10), "whole") << header;
  }
}

TEST(PictureTypeTest, GoesByTheBytes) {
  const auto type = [](std::string_view text) {
    const char* found = picture_type(as_bytes(text));
    return std::string(found == nullptr ? "none" : found);
  };
  EXPECT_EQ(type(kPng), "image/png");
  EXPECT_EQ(type("\xff\xd8\xff\xe0"), "image/jpeg");
  EXPECT_EQ(type("GIF89a"), "image/gif");
  EXPECT_EQ(type("RIFF....WEBPVP8 "), "image/webp");
  EXPECT_EQ(type("RIFF....WAVE"), "none");
  EXPECT_EQ(type("<svg xmlns="), "none");
  EXPECT_EQ(type(""), "none");
}

class TicketsTest : public testing::Test {
 protected:
  Tickets tickets_{Bytes(32, 7)};
  im::UploadTerms terms_{
      {im::ResourceType::kMessageAttachment, 5}, "image/*", 1, 100, WallTime{1000}};
};

TEST_F(TicketsTest, UploadsAreGoodAsSignedAndInTime) {
  const auto policy = tickets_.sign_upload(terms_);
  const auto terms = tickets_.verify_upload(policy.policy, policy.signature, WallTime{999});
  ASSERT_TRUE(terms);
  EXPECT_EQ(terms->key, terms_.key);
  EXPECT_EQ(terms->content_type, "image/*");
  EXPECT_EQ(terms->min_bytes, 1);
  EXPECT_EQ(terms->max_bytes, 100);
  EXPECT_FALSE(tickets_.verify_upload(policy.policy, policy.signature, WallTime{1000}));
  EXPECT_FALSE(tickets_.verify_upload(policy.policy, "", WallTime{1}));
  EXPECT_FALSE(tickets_.verify_upload(policy.policy + "A", policy.signature, WallTime{1}));
  EXPECT_FALSE(Tickets(Bytes(32, 8)).verify_upload(policy.policy, policy.signature, WallTime{1}));
  // Not even what was signed for something else.
  const std::string link = tickets_.sign_download(terms_.key, "", WallTime{1000});
  EXPECT_FALSE(tickets_.verify_upload(policy.policy, link, WallTime{1}));
}

TEST_F(TicketsTest, LinksAreForOneObjectOneNameAndInTime) {
  const std::string link = tickets_.sign_download(terms_.key, "a", WallTime{1000});
  EXPECT_TRUE(tickets_.verify_download(terms_.key, "a", WallTime{1000}, link, WallTime{999}));
  EXPECT_FALSE(tickets_.verify_download(terms_.key, "a", WallTime{1000}, link, WallTime{1000}));
  EXPECT_FALSE(tickets_.verify_download(terms_.key, "a", WallTime{1001}, link, WallTime{1}));
  EXPECT_FALSE(tickets_.verify_download(terms_.key, "b", WallTime{1000}, link, WallTime{1}));
  im::ResourceKey other = terms_.key;
  other.id = 6;
  EXPECT_FALSE(tickets_.verify_download(other, "a", WallTime{1000}, link, WallTime{1}));
}

TEST_F(TicketsTest, PoliciesAreReadBack) {
  EXPECT_EQ(parse_policy(format_policy(terms_))->expiration, terms_.expiration);
  const std::string text = format_policy(terms_);
  for (size_t size = 0; size < text.size() - 4; ++size) {
    EXPECT_FALSE(parse_policy(text.substr(0, size))) << size;
  }
  EXPECT_FALSE(parse_policy(text + "\n"));
  EXPECT_FALSE(parse_policy(text + "x"));
  EXPECT_FALSE(parse_bucket("message-attachment/"));
  EXPECT_FALSE(parse_bucket(".."));
  EXPECT_EQ(parse_decimal("-5"), -5);
  for (const char* bad : {"", "05", "-0", "1 ", "+1", "0x1", "99999999999999999999"}) {
    EXPECT_FALSE(parse_decimal(bad)) << bad;
  }
}

class FilesTest : public testing::Test, public im::Clock {
 protected:
  FilesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "turms-files-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    server_ = std::move(*net::HttpServer::listen(
        loop_, {.name = net::test_server_name(), .body_timeout = std::chrono::hours(1)}));
    open();
    serve_files(*server_, *store_);
  }
  ~FilesTest() override {
    server_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  WallTime now() const override { return now_; }

  void open() {
    auto opened =
        FileStore::open({.directory = directory_ / "files", .base_url = "http://x/storage"}, *this,
                        [this](auto function) { loop_.post(std::move(function)); });
    ASSERT_TRUE(opened);
    store_ = std::move(*opened);
  }

  static std::string value(const im::ResourceInfo& info, std::string_view name) {
    for (const auto& [key, text] : info) {
      if (key == name) return text;
    }
    return "";
  }
  im::UploadTerms terms(std::string content_type = "*/*", int64_t max = 1'000'000) {
    return {key_, std::move(content_type), 0, max, WallTime{now_.unix_ms + 1000}};
  }
  static std::string part(const std::string& name, const std::string& text) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n";
  }
  static std::string form(const im::ResourceInfo& info, const std::string& file,
                          const std::string& more = "") {
    std::string text;
    for (const auto& [name, field] : info) {
      if (name != "url") text += part(name, field);
    }
    return text + more +
           "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../x\"\r\n\r\n" +
           file + "\r\n--b--\r\n";
  }
  std::string ask(const std::string& head, const std::string& body = "") {
    net::RawClient client(loop_, server_->port());
    std::string request =
        head.substr(0, head.find('\n')) + " HTTP/1.1\r\nHost: x\r\n" + "Connection: close\r\n";
    if (const size_t more = head.find('\n'); more != std::string::npos) {
      request += head.substr(more + 1) + "\r\n";
    }
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    request += "\r\n" + body;
    // The kernel takes less than all of a large body while the loop does not run.
    std::thread sender([&] { client.send(request); });
    EXPECT_TRUE(client.wait_for_close()) << head;
    sender.join();
    return client.received;
  }
  int post(const std::string& body, const std::string& bucket = "message-attachment") {
    const std::string answer =
        ask("POST /storage/" + bucket + "\nContent-Type: multipart/form-data; boundary=b", body);
    return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
  }
  std::string link(const std::string& name = "a b.txt") {
    im::DownloadTerms terms;
    terms.key = key_;
    terms.name = name;
    terms.expiration = WallTime{now_.unix_ms + 1000};
    return value(*store_->download_link(terms), "path");
  }
  std::string get(const std::string& target, const std::string& headers = "") {
    return ask("GET " + target + (headers.empty() ? "" : "\n" + headers));
  }
  static std::string body_of(const std::string& answer) {
    const size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
  }
  template <class T>
  Result<T> outcome(Task<Result<T>> task) {
    std::optional<Result<T>> result;
    spawn([](Task<Result<T>> waited, std::optional<Result<T>>& out) -> Task<void> {
      out.emplace(co_await waited);
    }(std::move(task), result));
    EXPECT_TRUE(net::wait_polling(loop_, [&] { return result.has_value(); }));
    return result ? std::move(*result) : fail(ErrorCode::kDeadlineExceeded, "no outcome");
  }
  template <class T>
  T wait(Task<Result<T>> task) {
    auto result = outcome(std::move(task));
    EXPECT_TRUE(result);
    return result ? std::move(*result) : T{};
  }
  size_t files() {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ / "files")) {
      if (entry.is_regular_file() && entry.path().filename() != "secret") ++count;
    }
    return count;
  }

  WallTime now_{1'800'000'000'000};
  im::ResourceKey key_{im::ResourceType::kMessageAttachment, 77};
  std::filesystem::path directory_;
  net::Loop loop_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<FileStore> store_;
};

TEST_F(FilesTest, WhatIsPostedComesBack) {
  const auto info = *store_->upload_form(terms());
  EXPECT_EQ(value(info, "url"), "http://x/storage/message-attachment");
  EXPECT_EQ(value(info, "path"), "/storage/message-attachment");
  EXPECT_EQ(value(info, "key"), "77");
  EXPECT_EQ(wait(store_->find(key_)), std::nullopt);
  std::string file(700'000, 'x');
  for (size_t i = 0; i < file.size(); ++i) file[i] = static_cast<char>(i * 31 % 251);
  EXPECT_EQ(post(form(info, file)), 204);
  EXPECT_EQ(wait(store_->find(key_)), 700'000);
  EXPECT_EQ(files(), 1U);

  const std::string answer = get(link());
  EXPECT_TRUE(body_of(answer) == file);
  for (const char* header :
       {"Content-Type: application/octet-stream\r\n", "X-Content-Type-Options: nosniff\r\n",
        "Content-Security-Policy: default-src 'none'; sandbox\r\n",
        "Content-Disposition: attachment; filename*=UTF-8''a%20b.txt\r\n",
        "Access-Control-Allow-Origin: *\r\n", "Content-Length: 700000\r\n"}) {
    EXPECT_NE(answer.find(header), std::string::npos) << header;
  }
  // Again, and over it.
  EXPECT_EQ(post(form(info, kPng)), 204);
  EXPECT_EQ(files(), 1U);
  const std::string picture = get(link());
  EXPECT_EQ(body_of(picture), kPng);
  EXPECT_NE(picture.find("Content-Type: image/png\r\n"), std::string::npos);
  EXPECT_EQ(picture.find("Content-Disposition"), std::string::npos);
  EXPECT_EQ(body_of(ask("HEAD " + link())), "");

  wait(store_->remove(key_));
  EXPECT_EQ(get(link()).substr(9, 3), "404");
  EXPECT_EQ(files(), 0U);
  wait(store_->remove(key_));
}

TEST_F(FilesTest, AScriptIsNeverServedAsOne) {
  for (const char* content : {"<html><script>1</script>", "<svg onload=1>", "%PDF-1.4", ""}) {
    EXPECT_EQ(post(form(*store_->upload_form(terms()), content, part("Content-Type", "text/html"))),
              204);
    const std::string answer = get(link("x.html"));
    EXPECT_NE(answer.find("Content-Type: application/octet-stream\r\n"), std::string::npos);
    EXPECT_NE(answer.find("Content-Disposition: attachment;"), std::string::npos);
  }
}

TEST_F(FilesTest, PoliciesAreKept) {
  const auto info = *store_->upload_form(terms("image/*", 48));
  EXPECT_EQ(post(form(info, kPng)), 204);
  EXPECT_EQ(post(form(info, kPng + "x")), 413);
  EXPECT_EQ(post(form(info, "no picture")), 415);
  EXPECT_EQ(post(form(info, "")), 415);
  EXPECT_EQ(post(form(info, kPng, part("Content-Type", "image/png"))), 204);
  EXPECT_EQ(post(form(info, kPng, part("Content-Type", "text/html"))), 403);
  EXPECT_EQ(post(form(info, kPng), "user-profile-picture"), 403);
  EXPECT_EQ(post(form(info, kPng), "other"), 404);
  EXPECT_EQ(post(form({}, kPng)), 403);
  auto other_key = info;
  other_key[0].second = "../../etc/passwd";
  EXPECT_EQ(post(form(other_key, kPng)), 403);
  other_key[0].second = "78";
  EXPECT_EQ(post(form(other_key, kPng)), 403);
  EXPECT_EQ(post(part("a", "b") + "--b--\r\n"), 400);
  EXPECT_EQ(post("no form at all"), 400);
  EXPECT_EQ(post(form(info, kPng, part("x", std::string(20'000, 'x')))), 400);
  std::string many;
  for (size_t i = 0; i < Upload::kMaxFields; ++i) many += part("x", "");
  EXPECT_EQ(post(form(info, kPng, many)), 400);
  auto small = terms();
  small.min_bytes = 10;
  EXPECT_EQ(post(form(*store_->upload_form(small), "123456789")), 400);
  EXPECT_EQ(body_of(get(link())), kPng);
  now_.unix_ms += 1000;
  EXPECT_EQ(post(form(info, kPng)), 403);
  // Nothing is left of what was refused.
  EXPECT_TRUE(net::wait_polling(loop_, [&] { return files() == 1; }));
}

TEST_F(FilesTest, LinksAreCheckedAndPathsAreNone) {
  EXPECT_EQ(post(form(*store_->upload_form(terms()), "secret")), 204);
  const std::string good = link();
  EXPECT_EQ(get(good).substr(9, 3), "200");
  std::string other = good;
  other.replace(other.find("/77"), 3, "/78");
  for (const std::string& target :
       {std::string("/storage/message-attachment/77"), other, good + "x",
        std::string("/storage/message-attachment/77?expires=1&signature=")}) {
    EXPECT_EQ(get(target).substr(9, 3), "403") << target;
  }
  for (const char* target :
       {"/storage/", "/storage/message-attachment", "/storage/message-attachment/",
        "/storage/message-attachment/../secret", "/storage/..%2f..%2fsecret/1",
        "/storage/message-attachment/077", "/storage/secret", "/storage/incoming/1",
        "/storage/user-profile-picture/77"}) {
    EXPECT_EQ(get(target).substr(9, 3), "404") << target;
  }
  now_.unix_ms += 1000;
  EXPECT_EQ(get(good).substr(9, 3), "403");
}

TEST_F(FilesTest, PicturesOfUsersAreForEverybody) {
  key_.type = im::ResourceType::kUserProfilePicture;
  EXPECT_EQ(post(form(*store_->upload_form(terms("image/*")), kPng), "user-profile-picture"), 204);
  EXPECT_EQ(body_of(get("/storage/user-profile-picture/77")), kPng);
  EXPECT_EQ(body_of(get("/storage/user-profile-picture/77?small=1")), kPng);
}

TEST_F(FilesTest, PartsAndValidators) {
  EXPECT_EQ(post(form(*store_->upload_form(terms()), "0123456789")), 204);
  const std::string whole = get(link());
  const std::string part = get(link(), "Range: bytes=2-4");
  EXPECT_EQ(part.substr(9, 3), "206");
  EXPECT_EQ(body_of(part), "234");
  EXPECT_NE(part.find("Content-Range: bytes 2-4/10\r\n"), std::string::npos);
  const std::string none = get(link(), "Range: bytes=10-");
  EXPECT_EQ(none.substr(9, 3), "416");
  EXPECT_NE(none.find("Content-Range: bytes */10\r\n"), std::string::npos);
  const size_t at = whole.find("ETag: ") + 6;
  const std::string etag = whole.substr(at, whole.find('\r', at) - at);
  EXPECT_EQ(get(link(), "If-None-Match: " + etag).substr(9, 3), "304");
  EXPECT_EQ(body_of(get(link(), "Range: bytes=2-4\r\nIf-Range: " + etag)), "234");
  EXPECT_EQ(body_of(get(link(), "Range: bytes=2-4\r\nIf-Range: \"old\"")), "0123456789");
}

TEST_F(FilesTest, ACutUploadLeavesNothing) {
  const std::string whole = form(*store_->upload_form(terms()), std::string(60'000, 'x'));
  {
    net::RawClient client(loop_, server_->port());
    client.send("POST /storage/message-attachment HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                std::to_string(whole.size()) +
                "\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n");
    client.send(std::string_view(whole).substr(0, 40'000));
    EXPECT_TRUE(net::wait_polling(loop_, [&] { return files() == 1; }));
  }
  EXPECT_TRUE(net::wait_polling(loop_, [&] { return files() == 0; }));
  EXPECT_EQ(wait(store_->find(key_)), std::nullopt);
}

TEST_F(FilesTest, AnUploadThatTakesTooLongIsRefused) {
  const std::string whole = form(*store_->upload_form(terms()), std::string(60'000, 'x'));
  net::RawClient client(loop_, server_->port());
  client.send("POST /storage/message-attachment HTTP/1.1\r\nHost: x\r\nContent-Length: " +
              std::to_string(whole.size()) +
              "\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n");
  client.send(std::string_view(whole).substr(0, 40'000));
  ASSERT_TRUE(net::wait_polling(loop_, [&] { return files() == 1; }));
  now_.unix_ms += 1000 + to_ms(im::kLongestUpload);
  client.send(std::string_view(whole).substr(40'000));
  EXPECT_TRUE(client.wait_for("HTTP/1.1 403 "));
  EXPECT_TRUE(net::wait_polling(loop_, [&] { return files() == 0; }));
}

TEST_F(FilesTest, ADiskThatFailsIsNoMissingFile) {
  EXPECT_EQ(wait(store_->find(key_)), std::nullopt);
  // Where the directory should be.
  std::ofstream(directory_ / "files" / im::bucket_of(key_.type)) << "x";
  EXPECT_FALSE(outcome(store_->find(key_)));
  EXPECT_FALSE(outcome(store_->remove(key_)));
  EXPECT_EQ(post(form(*store_->upload_form(terms()), "secret")), 500);
}

TEST_F(FilesTest, TheSecretOutlivesARestart) {
  EXPECT_EQ(post(form(*store_->upload_form(terms()), "0123456789")), 204);
  const auto path = store_->path_of(key_);
  auto again = FileStore::open({.directory = directory_ / "files", .base_url = ""}, *this,
                               [this](auto function) { loop_.post(std::move(function)); });
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->path_of(key_), path);
  EXPECT_EQ(std::filesystem::status(directory_ / "files" / "secret").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace
}  // namespace turms::storage
