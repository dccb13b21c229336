// Records everybody who is in a meeting for some seconds, with LiveKit's own server SDK:
//   LIVEKIT_URL=http://127.0.0.1:7880 LIVEKIT_API_KEY=… LIVEKIT_API_SECRET=… node recording/record.mjs MEETING_ID SECONDS
import { EgressClient, EgressStatus, EncodedFileOutput, RoomServiceClient } from 'livekit-server-sdk';

const { LIVEKIT_URL: url, LIVEKIT_API_KEY: key, LIVEKIT_API_SECRET: secret } = process.env;
const [meeting, seconds] = process.argv.slice(2);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const egress = new EgressClient(url, key, secret);

// The room of a meeting is called as the meeting, its participants as the users.
const people = await new RoomServiceClient(url, key, secret).listParticipants(meeting);
const started = await Promise.all(
  people.map(({ identity }) =>
    egress.startParticipantEgress(meeting, identity, { file: new EncodedFileOutput({ filepath: '{room_name}/{publisher_identity}' }) }),
  ),
);
await wait(Number(seconds) * 1000);
for (const { egressId } of started) {
  await egress.stopEgress(egressId);
  let info;
  do {
    await wait(200);
    [info] = await egress.listEgress({ egressId });
  } while (info.status === EgressStatus.EGRESS_ENDING);
  for (const { location, size } of info.fileResults) console.log(`${location} ${size}`);
}
