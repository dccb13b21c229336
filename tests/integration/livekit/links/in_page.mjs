// What is done inside of pages. Each function is sent to the page as text, so it uses nothing from outside of itself.
// Times are milliseconds since 1970, which all processes of the machine share.

/** Sends what is for the server's UDP port to the proxy's instead, on this machine's loopback address. */
export function useProxy(serverPort, proxyPort) {
  const rewrite = (text) =>
    text
      .replace(/^a=candidate:.* tcp .*\r?\n/gim, '')
      .replace(new RegExp(`(candidate:\\S+ \\d+ udp \\d+ )\\S+ ${serverPort} `, 'gi'), `$1127.0.0.1 ${proxyPort} `);
  const { setRemoteDescription, addIceCandidate } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    return setRemoteDescription.call(this, { type: description.type, sdp: rewrite(description.sdp) });
  };
  RTCPeerConnection.prototype.addIceCandidate = function (candidate) {
    if (!candidate?.candidate) return addIceCandidate.call(this, candidate);
    if (/ tcp /i.test(candidate.candidate)) return Promise.resolve();
    const plain = candidate.toJSON?.() ?? candidate;
    return addIceCandidate.call(this, { ...plain, candidate: rewrite(candidate.candidate) });
  };
}

/** Joins and publishes camera and microphone; notes what the server says of the own connection. */
export async function publish(url, token, { width, height, fps, audio }) {
  const { Room, RoomEvent, VideoPreset } = window.LivekitClient;
  const room = new Room({ dynacast: true, publishDefaults: { simulcast: true, videoCodec: 'vp8' } });
  window.room = room;
  window.qualities = [];
  room.on(RoomEvent.ConnectionQualityChanged, (quality, participant) => {
    if (participant === room.localParticipant) window.qualities.push({ at: Date.now(), quality });
  });
  // Only the watcher decodes: nine pages that show each other nine pictures would measure the machine.
  await room.connect(url, token, { autoSubscribe: false });
  const resolution = new VideoPreset(width, height, width >= 1280 ? 1_700_000 : 130_000, fps);
  await room.localParticipant.setCameraEnabled(
    true,
    { resolution: resolution.resolution },
    { videoEncoding: resolution.encoding, degradationPreference: 'maintain-resolution' },
  );
  if (audio) await room.localParticipant.setMicrophoneEnabled(true);
}

/**
 * Joins, shows every camera that comes, and keeps what is seen in `window.seen`: the time and size of each picture, by
 * publisher, and statistics of the receivers four times a second. With `pinned` it lays tiles out as a meeting does, that
 * one large and the others small, and lets the client tell the sizes; else every picture is shown in full.
 */
export async function watch(url, token, { pinned } = {}) {
  const { Room, RoomEvent } = window.LivekitClient;
  const seen = { joining: Date.now(), frames: {}, stats: [], qualities: [] };
  window.seen = seen;
  document.body.style.cssText = 'margin:0;display:flex;flex-wrap:wrap';
  const follow = (video, frames) => {
    let presented = 0;
    const note = (_, frame) => {
      if (frame.presentedFrames !== presented) {
        frames.push([performance.timeOrigin + performance.now(), frame.width, frame.height]);
      }
      presented = frame.presentedFrames;
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  };
  const room = new Room({ adaptiveStream: pinned !== undefined });
  window.room = room;
  room.on(RoomEvent.TrackSubscribed, (track, publication, { identity }) => {
    const element = track.attach();
    document.body.append(element);
    if (track.kind !== 'video') return;
    const large = pinned === undefined || identity === pinned;
    element.style.cssText = large ? 'width:1280px;height:720px' : 'width:320px;height:180px';
    follow(element, (seen.frames[identity] ??= []));
  });
  room.on(RoomEvent.ConnectionQualityChanged, (quality, { identity }) => seen.qualities.push({ at: Date.now(), identity, quality }));
  const summarise = async () => {
    const { publisher, subscriber } = room.engine.pcManager;
    const entry = { at: Date.now(), video: {}, audio: {} };
    for (const stats of (await (subscriber ?? publisher)._pc.getStats()).values()) {
      if (stats.type === 'candidate-pair' && stats.nominated) entry.rtt = stats.currentRoundTripTime;
      if (stats.type !== 'inbound-rtp') continue;
      const { bytesReceived, packetsReceived, packetsLost, trackIdentifier } = stats;
      const common = { bytesReceived, packetsReceived, packetsLost };
      if (stats.kind === 'audio') {
        const { concealedSamples, silentConcealedSamples, totalSamplesReceived, jitterBufferDelay, jitterBufferEmittedCount } = stats;
        entry.audio[trackIdentifier] = { ...common, concealedSamples, silentConcealedSamples, totalSamplesReceived, jitterBufferDelay, jitterBufferEmittedCount };
      } else {
        const { framesDecoded, freezeCount, totalFreezesDuration, frameWidth, nackCount, pliCount, jitterBufferDelay, jitterBufferEmittedCount } = stats;
        entry.video[trackIdentifier] = { ...common, framesDecoded, freezeCount, totalFreezesDuration, frameWidth, nackCount, pliCount, jitterBufferDelay, jitterBufferEmittedCount };
      }
    }
    seen.stats.push(entry);
  };
  await room.connect(url, token);
  seen.joined = Date.now();
  setInterval(() => summarise().catch(() => {}), 250);
}

/** How many pictures of a publisher were shown, and how wide the last one was. */
export function look(identity) {
  const frames = window.seen.frames[identity] ?? [];
  return { count: frames.length, width: frames.at(-1)?.[1] ?? 0 };
}

export function everythingSeen() {
  return window.seen;
}

/** How well a publisher's own connection is, as it was told. */
export function ownQualities() {
  return window.qualities;
}

/** For how many seconds an encoder of this page did less than it should because the machine was busy. */
export async function secondsShortOfCpu() {
  let most = 0;
  for (const stats of (await window.room.engine.pcManager.publisher._pc.getStats()).values()) {
    if (stats.type === 'outbound-rtp') most = Math.max(most, stats.qualityLimitationDurations?.cpu ?? 0);
  }
  return most;
}
