#include "rtc/srtp/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <srtp2/srtp.h>

#include "base/encoding.h"
#include "base/random.h"

namespace turms::rtc::srtp {
namespace {

Bytes unhex(std::string_view text) {
  return *from_hex(text);
}

constexpr Profile kProfiles[] = {Profile::kAeadAes128Gcm, Profile::kAeadAes256Gcm,
                                 Profile::kAes128CmSha1_80};

MasterKey make_key(uint64_t seed) {
  Rng rng(seed);
  MasterKey key;
  rng.fill(key.key);
  rng.fill(key.salt);
  return key;
}

/// A version 2 header with `csrcs` CSRCs and, when asked, a 4-byte extension, then a payload.
Bytes make_rtp(uint32_t ssrc, uint16_t sequence, size_t payload, uint8_t csrcs = 0,
               bool extension = false) {
  Bytes packet(12 + 4 * csrcs + (extension ? 8 : 0) + payload);
  packet[0] = static_cast<uint8_t>(0x80 | csrcs | (extension ? 0x10 : 0));
  packet[1] = 96;
  store_be16(&packet[2], sequence);
  store_be32(&packet[4], sequence * 3000u);
  store_be32(&packet[8], ssrc);
  size_t offset = 12 + 4 * csrcs;
  if (extension) {
    store_be16(&packet[offset], 0xBEDE);
    store_be16(&packet[offset + 2], 1);
    offset += 8;
  }
  for (; offset < packet.size(); ++offset) packet[offset] = static_cast<uint8_t>(offset * 7);
  return packet;
}

Bytes make_rtcp(uint32_t ssrc, size_t blocks) {
  Bytes packet(8 + 24 * blocks);
  packet[0] = static_cast<uint8_t>(0x80 | blocks);
  packet[1] = 201;
  store_be16(&packet[2], static_cast<uint16_t>(packet.size() / 4 - 1));
  store_be32(&packet[4], ssrc);
  for (size_t i = 8; i < packet.size(); ++i) packet[i] = static_cast<uint8_t>(i);
  return packet;
}

Bytes protect_rtp(Session& session, Bytes packet) {
  const size_t size = packet.size();
  packet.resize(size + kMaxRtpOverhead);
  packet.resize(session.protect_rtp(packet, size));
  return packet;
}

Bytes protect_rtcp(Session& session, Bytes packet) {
  const size_t size = packet.size();
  packet.resize(size + kMaxRtcpOverhead);
  packet.resize(session.protect_rtcp(packet, size));
  return packet;
}

Bytes copy(ByteView view) {
  return {view.begin(), view.end()};
}

// --- Vectors
// --------------------------------------------------------------------------------------

TEST(SrtpVectors, KeyDerivation) {  // RFC 3711 appendix B.3
  const Bytes master = unhex("E1F97A0D3E018BE0D64FA32C06DE4139");
  const Bytes salt = unhex("0EC675AD498AFEEBB6960B3AABE6");
  const auto derived = [&](uint8_t label, size_t size) {
    std::array<uint8_t, 16> iv{};
    std::memcpy(iv.data(), salt.data(), salt.size());
    iv[7] ^= label;
    Bytes out(size);
    Backend::derive(master, iv, out);
    return hex(out);
  };
  EXPECT_EQ(derived(0, 16), "c61e7a93744f39ee10734afe3ff7a087");
  EXPECT_EQ(derived(2, 14), "30cbbc08863d8c85d49db34a9ae1");
  EXPECT_EQ(derived(1, 20), "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
}

class SrtpBackends : public testing::TestWithParam<Backend::Kind> {
 protected:
  void SetUp() override {
    backend_ = Backend::create(GetParam());
    if (backend_ == nullptr) GTEST_SKIP() << "this processor cannot run the back end";
  }
  std::unique_ptr<Backend> backend_;
};

TEST_P(SrtpBackends, CounterModeKeyStream) {  // RFC 3711 appendix B.2
  const auto cipher = backend_->make_cipher(Profile::kAes128CmSha1_80,
                                            unhex("2B7E151628AED2A6ABF7158809CF4F3C"), Bytes(20));
  Bytes packet(12 + 48 + 10);
  CipherJob job;
  job.authenticated = packet.data();
  job.authenticated_size = 12;
  job.text = packet.data() + 12;
  job.text_size = 48;
  job.tag = packet.data() + 60;
  const Bytes iv = unhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000");
  std::memcpy(job.iv.data(), iv.data(), 16);
  cipher->seal(job);
  EXPECT_EQ(hex(ByteView(packet).subspan(12, 48)),
            "e03ead0935c95e80e166b16dd92b4eb4"
            "d23513162b02d0f72a43a2fe4a5f97ab"
            "41e95b3bb0a2e8dd477901e4fca894c0");
}

TEST_P(SrtpBackends, AeadPackets) {  // RFC 7714 sections 16.1.1 and 16.2.1
  struct Case {
    Profile profile;
    std::string_view key;
    std::string_view sealed;
  };
  const Case cases[] = {
      {Profile::kAeadAes128Gcm, "000102030405060708090a0b0c0d0e0f",
       "8040f17b8041f8d35501a0b2"
       "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
       "899d7f27beb16a9152cf765ee4390cce"},
      {Profile::kAeadAes256Gcm, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
       "8040f17b8041f8d35501a0b2"
       "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b"
       "7aa3db36dfffd6b0f9bb7878d7a76c13"},
  };
  for (const Case& c : cases) {
    const Bytes plain = unhex(
        "8040f17b8041f8d35501a0b2"
        "47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573");
    Bytes packet = plain;
    packet.resize(plain.size() + 16);
    CipherJob job;
    job.authenticated = packet.data();
    job.authenticated_size = 12;
    job.text = packet.data() + 12;
    job.text_size = plain.size() - 12;
    job.tag = packet.data() + plain.size();
    const Bytes iv = unhex("51753c6580c2726f20718414");
    std::memcpy(job.iv.data(), iv.data(), iv.size());
    const auto cipher = backend_->make_cipher(c.profile, unhex(c.key), {});
    cipher->seal(job);
    EXPECT_EQ(hex(packet), c.sealed);
    ASSERT_TRUE(cipher->open(job));
    EXPECT_EQ(hex(ByteView(packet).first(plain.size())), hex(plain));
  }
}

INSTANTIATE_TEST_SUITE_P(All, SrtpBackends,
                         testing::Values(Backend::Kind::kOpenSsl, Backend::Kind::kIpsecMb));

// --- Sessions, each profile on each back end, with libsrtp2 as the oracle
// ---------------------------

/// libsrtp2 with one master key for all SSRCs in one direction.
class Oracle {
 public:
  Oracle(Profile profile, const MasterKey& master, bool outbound) {
    static const srtp_err_status_t initialized = srtp_init();
    EXPECT_EQ(initialized, srtp_err_status_ok);
    srtp_policy_t policy{};
    switch (profile) {
      case Profile::kAeadAes128Gcm:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        break;
      case Profile::kAeadAes256Gcm:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
        break;
      case Profile::kAes128CmSha1_80:
        srtp_crypto_policy_set_rtp_default(&policy.rtp);
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
        break;
    }
    policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound;
    policy.window_size = 1024;
    Bytes key(master.key.begin(), master.key.begin() + key_size(profile));
    key.insert(key.end(), master.salt.begin(), master.salt.begin() + salt_size(profile));
    policy.key = key.data();
    EXPECT_EQ(srtp_create(&session_, &policy), srtp_err_status_ok);
  }
  ~Oracle() { srtp_dealloc(session_); }

  Bytes protect_rtp(Bytes packet) { return run(srtp_protect, std::move(packet)); }
  Bytes protect_rtcp(Bytes packet) { return run(srtp_protect_rtcp, std::move(packet)); }
  Bytes unprotect_rtp(Bytes packet) { return run(srtp_unprotect, std::move(packet)); }
  Bytes unprotect_rtcp(Bytes packet) { return run(srtp_unprotect_rtcp, std::move(packet)); }

 private:
  /// Empty when it refuses.
  Bytes run(srtp_err_status_t (*operation)(srtp_t, void*, int*), Bytes packet) {
    int size = static_cast<int>(packet.size());
    packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN + 4);
    if (operation(session_, packet.data(), &size) != srtp_err_status_ok) return {};
    packet.resize(static_cast<size_t>(size));
    return packet;
  }
  srtp_t session_ = nullptr;
};

using Parameter = std::tuple<Profile, Backend::Kind>;

class SrtpSession : public testing::TestWithParam<Parameter> {
 protected:
  void SetUp() override {
    backend_ = Backend::create(std::get<1>(GetParam()));
    if (backend_ == nullptr) GTEST_SKIP() << "this processor cannot run the back end";
    a_ = std::make_unique<Session>(*backend_, profile(), key_a_, key_b_);
    b_ = std::make_unique<Session>(*backend_, profile(), key_b_, key_a_);
  }
  static Profile profile() { return std::get<0>(GetParam()); }

  const MasterKey key_a_ = make_key(1);
  const MasterKey key_b_ = make_key(2);
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Session> a_;
  std::unique_ptr<Session> b_;
};

TEST_P(SrtpSession, InteroperatesBothWays) {
  Oracle to_oracle(profile(), key_a_, false);
  Oracle from_oracle(profile(), key_b_, true);
  Rng rng(3);
  for (uint16_t i = 0; i < 300; ++i) {
    const Bytes plain =
        make_rtp(0x1000 + i % 5, static_cast<uint16_t>(100 + i / 5), rng.below(1300),
                 static_cast<uint8_t>(rng.below(16)), rng.chance(0.5));
    EXPECT_EQ(to_oracle.unprotect_rtp(protect_rtp(*a_, plain)), plain);
    Bytes sealed = from_oracle.protect_rtp(plain);
    ASSERT_FALSE(sealed.empty());
    const Unprotected opened = a_->unprotect_rtp(sealed);
    ASSERT_EQ(opened.error, UnprotectError::kNone);
    EXPECT_EQ(copy(opened.packet), plain);

    const Bytes report = make_rtcp(0x2000 + i % 3, i % 4);
    EXPECT_EQ(to_oracle.unprotect_rtcp(protect_rtcp(*a_, report)), report);
    sealed = from_oracle.protect_rtcp(report);
    const Unprotected opened_report = a_->unprotect_rtcp(sealed);
    ASSERT_EQ(opened_report.error, UnprotectError::kNone);
    EXPECT_EQ(copy(opened_report.packet), report);
  }
}

TEST_P(SrtpSession, RolloverCounterFollowsWraps) {
  Oracle to_oracle(profile(), key_a_, false);
  Oracle from_oracle(profile(), key_b_, true);
  uint16_t sequence = 30000;
  for (int i = 0; i < 40; ++i) {
    const Bytes plain = make_rtp(7, sequence, 50);
    EXPECT_EQ(to_oracle.unprotect_rtp(protect_rtp(*a_, plain)), plain) << i;
    Bytes sealed = from_oracle.protect_rtp(plain);
    EXPECT_EQ(a_->unprotect_rtp(sealed).error, UnprotectError::kNone) << i;
    sequence = static_cast<uint16_t>(sequence + 9973);  // wraps every 6 or 7 packets
  }
}

TEST_P(SrtpSession, ReorderingAroundAWrap) {
  std::vector<Bytes> sealed;
  for (uint32_t i = 65500; i < 65600; ++i) {
    sealed.push_back(protect_rtp(*a_, make_rtp(7, static_cast<uint16_t>(i), 20)));
  }
  for (size_t i = 0; i < sealed.size(); i += 2) {
    EXPECT_EQ(b_->unprotect_rtp(sealed[i]).error, UnprotectError::kNone) << i;
  }
  for (size_t i = sealed.size() - 1; i < sealed.size(); i -= 2) {
    EXPECT_EQ(b_->unprotect_rtp(sealed[i]).error, UnprotectError::kNone) << i;
  }
}

TEST_P(SrtpSession, ReplayIsRefused) {
  std::vector<Bytes> sealed;
  for (uint16_t i = 0; i < 400; ++i) sealed.push_back(protect_rtp(*a_, make_rtp(7, i, 20)));
  const auto open = [&](size_t i) {
    Bytes packet = sealed[i];
    return b_->unprotect_rtp(packet).error;
  };
  for (size_t i = 0; i < 300; ++i) {
    if (i % 3 != 0) {
      EXPECT_EQ(open(i), UnprotectError::kNone);
    }
  }
  EXPECT_EQ(open(299), UnprotectError::kReplay);
  for (size_t i = 60; i < 300; ++i) {
    EXPECT_EQ(open(i), i % 3 != 0 ? UnprotectError::kReplay : UnprotectError::kNone) << i;
    EXPECT_EQ(open(i), UnprotectError::kReplay) << i;
  }
  EXPECT_EQ(open(299 - 256), UnprotectError::kTooOld);
  EXPECT_EQ(open(399), UnprotectError::kNone);  // a jump of 100 keeps what is still in the window
  EXPECT_EQ(open(299), UnprotectError::kReplay);
  EXPECT_EQ(open(300), UnprotectError::kNone);

  Bytes report = protect_rtcp(*a_, make_rtcp(7, 1));
  Bytes again = report;
  EXPECT_EQ(b_->unprotect_rtcp(report).error, UnprotectError::kNone);
  EXPECT_EQ(b_->unprotect_rtcp(again).error, UnprotectError::kReplay);
}

TEST_P(SrtpSession, ForgedPacketsChangeNothing) {
  const Bytes sealed = protect_rtp(*a_, make_rtp(7, 40000, 30));
  for (size_t i = 0; i < sealed.size(); ++i) {
    Bytes forged = sealed;
    forged[i] ^= 0x01;
    EXPECT_NE(b_->unprotect_rtp(forged).error, UnprotectError::kNone) << i;
  }
  Bytes good = sealed;
  EXPECT_EQ(b_->unprotect_rtp(good).error, UnprotectError::kNone);

  const Bytes sealed_report = protect_rtcp(*a_, make_rtcp(7, 1));
  for (size_t i = 0; i < sealed_report.size(); ++i) {
    Bytes forged = sealed_report;
    forged[i] ^= 0x80;
    EXPECT_NE(b_->unprotect_rtcp(forged).error, UnprotectError::kNone) << i;
  }
  good = sealed_report;
  EXPECT_EQ(b_->unprotect_rtcp(good).error, UnprotectError::kNone);
}

TEST_P(SrtpSession, EveryTruncationIsRefused) {
  const Bytes sealed = protect_rtp(*a_, make_rtp(7, 1, 30, 2, true));
  for (size_t size = 0; size < sealed.size(); ++size) {
    Bytes cut(sealed.begin(), sealed.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_NE(b_->unprotect_rtp(cut).error, UnprotectError::kNone) << size;
  }
  const Bytes report = protect_rtcp(*a_, make_rtcp(7, 1));
  for (size_t size = 0; size < report.size(); ++size) {
    Bytes cut(report.begin(), report.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_NE(b_->unprotect_rtcp(cut).error, UnprotectError::kNone) << size;
  }
}

TEST_P(SrtpSession, ProtectRefusesWhatItCannotDo) {
  Bytes packet = make_rtp(7, 1, 30);
  EXPECT_EQ(a_->protect_rtp(packet, packet.size()), 0u);      // no room for the tag
  EXPECT_EQ(a_->protect_rtp(packet, packet.size() + 1), 0u);  // larger than the buffer
  Bytes extension = make_rtp(7, 1, 0, 0, true);
  extension[15] = 2;  // an extension longer than the packet
  extension.resize(extension.size() + kMaxRtpOverhead);
  EXPECT_EQ(a_->protect_rtp(extension, 20), 0u);
  Bytes report = make_rtcp(7, 0);
  EXPECT_EQ(a_->protect_rtcp(report, report.size()), 0u);
  report.resize(100);
  EXPECT_EQ(a_->protect_rtcp(report, 7), 0u);
}

TEST_P(SrtpSession, StreamsAreBounded) {
  for (uint32_t ssrc = 0; ssrc < Session::kMaxReceiveStreams; ++ssrc) {
    Bytes packet = protect_rtp(*a_, make_rtp(ssrc, 1, 1));
    ASSERT_EQ(b_->unprotect_rtp(packet).error, UnprotectError::kNone);
  }
  Bytes packet = protect_rtp(*a_, make_rtp(0xFFFFFF, 1, 1));
  EXPECT_EQ(b_->unprotect_rtp(packet).error, UnprotectError::kTableFull);
  packet = protect_rtp(*a_, make_rtp(77, 2, 1));
  EXPECT_EQ(b_->unprotect_rtp(packet).error, UnprotectError::kNone);
}

TEST_P(SrtpSession, BatchEqualsOneByOne) {
  // 150 packets: more than two rounds of kMaxBatch, of two sessions with different keys and of
  // changing sizes, one of them malformed.
  Session other(*backend_, profile(), key_b_, key_a_);
  Session reference_a(*backend_, profile(), key_a_, key_b_);
  Session reference_b(*backend_, profile(), key_b_, key_a_);
  std::vector<Bytes> plain;
  std::vector<Bytes> buffers;
  for (uint16_t i = 0; i < 150; ++i) {
    plain.push_back(make_rtp(i % 7, i, (i * 37) % 1200, i % 3, i % 2 == 0));
    if (i == 70) plain.back()[0] = 0;
    buffers.push_back(plain.back());
    buffers.back().resize(plain.back().size() + kMaxRtpOverhead);
  }
  std::vector<Session::BatchPacket> batch;
  for (size_t i = 0; i < plain.size(); ++i) {
    batch.push_back({i % 3 == 0 ? &other : a_.get(), buffers[i], plain[i].size()});
  }
  Session::protect_rtp_batch(*backend_, batch);
  for (size_t i = 0; i < plain.size(); ++i) {
    buffers[i].resize(batch[i].size);
    EXPECT_EQ(buffers[i], protect_rtp(i % 3 == 0 ? reference_b : reference_a, plain[i])) << i;
    EXPECT_EQ(batch[i].size == 0, i == 70) << i;
  }
}

std::string parameter_name(const testing::TestParamInfo<Parameter>& info) {
  std::string name;
  switch (std::get<0>(info.param)) {
    case Profile::kAeadAes128Gcm:
      name = "Gcm128";
      break;
    case Profile::kAeadAes256Gcm:
      name = "Gcm256";
      break;
    case Profile::kAes128CmSha1_80:
      name = "CmSha1";
      break;
  }
  return name + (std::get<1>(info.param) == Backend::Kind::kIpsecMb ? "_IpsecMb" : "_OpenSsl");
}

INSTANTIATE_TEST_SUITE_P(All, SrtpSession,
                         testing::Combine(testing::ValuesIn(kProfiles),
                                          testing::Values(Backend::Kind::kOpenSsl,
                                                          Backend::Kind::kIpsecMb)),
                         parameter_name);

}  // namespace
}  // namespace turms::rtc::srtp
