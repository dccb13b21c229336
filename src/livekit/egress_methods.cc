// livekit.Egress, as Twirp says it: who may, what is not there, and what the service answers.
#include "livekit/egress_service.h"

namespace turms::livekit::twirp {
namespace {

constexpr std::string_view kNoBrowser =
    "this server records without a browser: web pages and composed pictures of a room are not yet "
    "supported";
constexpr std::string_view kNoUpload =
    "recordings are kept on the disk of this server: uploading them is not yet supported";
constexpr std::string_view kFilesOnly =
    "this server records to files: streams, segments, images and WebSockets are not yet supported";
constexpr std::string_view kNoTranscoding =
    "this server records what is sent as it is: encoding options are not supported";
constexpr std::string_view kNoHooks =
    "webhooks go to the configured addresses: those of a request are not yet supported";

/// Empty: it may be served.
template <class File>
std::string_view problem_of_file(const File& file) {
  return file.output_case() == File::OUTPUT_NOT_SET ? std::string_view() : kNoUpload;
}

template <class Request>
std::string_view problem_of_options(const Request& request) {
  if (request.webhooks_size() > 0) return kNoHooks;
  if (request.stream_outputs_size() + request.segment_outputs_size() +
          request.image_outputs_size() >
      0)
    return kFilesOnly;
  const bool encodes =
      request.has_advanced() || (request.has_preset() && request.preset() != pb::PASSTHROUGH);
  return encodes ? kNoTranscoding : std::string_view();
}

std::string_view problem_of(const pb::TrackEgressRequest& request) {
  if (request.webhooks_size() > 0) return kNoHooks;
  if (request.has_websocket_url()) return kFilesOnly;
  return problem_of_file(request.file());
}
std::string_view problem_of(const pb::TrackCompositeEgressRequest& request) {
  if (request.has_stream() || request.has_segments()) return kFilesOnly;
  if (const auto problem = problem_of_options(request); !problem.empty()) return problem;
  for (const auto& file : request.file_outputs()) {
    if (const auto problem = problem_of_file(file); !problem.empty()) return problem;
  }
  return problem_of_file(request.file());
}
std::string_view problem_of(const pb::ParticipantEgressRequest& request) {
  if (const auto problem = problem_of_options(request); !problem.empty()) return problem;
  for (const auto& file : request.file_outputs()) {
    if (const auto problem = problem_of_file(file); !problem.empty()) return problem;
  }
  return {};
}

/// The field that is missing; empty: none is.
std::string missing_in(const pb::TrackEgressRequest& request) {
  if (request.track_id().empty()) return "track_id";
  return request.has_file() ? "" : "output";
}
std::string missing_in(const pb::TrackCompositeEgressRequest& request) {
  if (request.audio_track_id().empty() && request.video_track_id().empty())
    return "audio_track_id or video_track_id";
  return request.has_file() || request.file_outputs_size() == 1 ? "" : "output";
}
std::string missing_in(const pb::ParticipantEgressRequest& request) {
  if (request.identity().empty()) return "identity";
  return request.file_outputs_size() == 1 ? "" : "output";
}

void answer(BodyType type, const EgressService::Answer& done, Responder responder) {
  if (done) return responder.send(response_of(type, *done));
  if (done.error().unimplemented) return responder.send(unimplemented(done.error().error.message));
  responder.send(error_response(done.error().error));
}

/// Reads the request and asks for the right that all methods need.
template <class Request, class Run>
Method recording_method(Run run) {
  return [run](const Call& call, BodyType type, const std::string& body, Responder responder) {
    Request request;
    if (const Status parsed = read(type, body, request); !parsed) {
      return responder.send(malformed(parsed.error().message));
    }
    if (const Status allowed = call.must(&VideoGrants::room_record); !allowed) {
      return responder.send(error_response(allowed.error()));
    }
    run(call, type, request, std::move(responder));
  };
}

template <class Request>
Method start_method(EgressService::Answer (EgressService::*start)(const Request&)) {
  return recording_method<Request>(
      [start](const Call& call, BodyType type, const Request& request, Responder responder) {
        if (const auto problem = problem_of(request); !problem.empty())
          return responder.send(unimplemented(problem));
        if (const std::string missing = missing_in(request); !missing.empty()) {
          return responder.send(error_response(
              {ErrorCode::kInvalidArgument, "request has missing or invalid field: " + missing}));
        }
        answer(type, (call.egress.*start)(request), std::move(responder));
      });
}

template <class Request>
Method unserved_method() {
  return recording_method<Request>([](const Call&, BodyType, const Request&, Responder responder) {
    responder.send(unimplemented(kNoBrowser));
  });
}

/// Of an egress that is there, but has nothing of the kind.
template <class Request>
Method unchanging_method(std::string_view text) {
  return recording_method<Request>(
      [text](const Call& call, BodyType, const Request& request, Responder responder) {
        const auto found = call.egress.find(request.egress_id());
        responder.send(found ? unimplemented(text) : error_response(found.error().error));
      });
}

}  // namespace

const Methods& egress_service() {
  static const Methods methods = {
      {"StartTrackEgress", start_method(&EgressService::start_track)},
      {"StartTrackCompositeEgress", start_method(&EgressService::start_composite)},
      {"StartParticipantEgress", start_method(&EgressService::start_participant)},
      {"StartRoomCompositeEgress", unserved_method<pb::RoomCompositeEgressRequest>()},
      {"StartWebEgress", unserved_method<pb::WebEgressRequest>()},
      {"StartEgress", unserved_method<pb::StartEgressRequest>()},
      {"UpdateLayout", unchanging_method<pb::UpdateLayoutRequest>(kNoBrowser)},
      {"UpdateStream", unchanging_method<pb::UpdateStreamRequest>(kFilesOnly)},
      {"ListEgress", recording_method<pb::ListEgressRequest>(
                         [](const Call& call, BodyType type, const pb::ListEgressRequest& request,
                            Responder responder) {
                           responder.send(response_of(type, call.egress.list(request)));
                         })},
      {"StopEgress", recording_method<pb::StopEgressRequest>(
                         [](const Call& call, BodyType type, const pb::StopEgressRequest& request,
                            Responder responder) {
                           answer(type, call.egress.stop(request.egress_id()),
                                  std::move(responder));
                         })},
  };
  return methods;
}

}  // namespace turms::livekit::twirp
