// Agents: a worker at /agent that speaks the messages of @livekit/protocol, dispatches of livekit-server-sdk, and the agent
// itself in rtc-node with the token it is given.
import assert from 'node:assert/strict';
import { AvailabilityResponse, JobStatus, JobType, ParticipantInfo_Kind, ServerMessage, WorkerMessage } from '@livekit/protocol';
import { Room } from '@livekit/rtc-node';
import { AccessToken, AgentDispatchClient } from 'livekit-server-sdk';
import WebSocket from 'ws';
import { eventually, within } from '../../e2e/lib/runner.mjs';
import { api, apiKey, apiSecret, httpUrl, join, token, webSocketUrl } from './world.mjs';

const dispatches = () => new AgentDispatchClient(httpUrl(), apiKey, apiSecret);

async function workerToken(grants = { agent: true }) {
  const out = new AccessToken(apiKey, apiSecret, { ttl: '10m' });
  out.addGrant(grants);
  return out.toJwt();
}

/** A registered worker; `next(kind)` waits for a message of that kind. */
async function startWorker(registration) {
  const socket = new WebSocket(`${webSocketUrl()}/agent`, { headers: { authorization: `Bearer ${await workerToken()}` } });
  const heard = [];
  socket.on('message', (data) => heard.push(ServerMessage.fromBinary(new Uint8Array(data)).message));
  await within(new Promise((done, failed) => socket.once('open', done).once('error', failed)), 10_000, 'the worker connects');
  const say = (kind, value) => socket.send(new WorkerMessage({ message: { case: kind, value } }).toBinary());
  const next = (kind) =>
    eventually(() => {
      const index = heard.findIndex((message) => message.case === kind);
      return index >= 0 && heard.splice(index, 1)[0].value;
    }, `${kind} is heard`);
  say('register', registration);
  const { workerId } = await next('register');
  assert.match(workerId, /^AW_/);
  return { say, next, heard, close: () => socket.close() };
}

const accept = (worker, job, identity) =>
  worker.say(
    'availability',
    new AvailabilityResponse({ jobId: job.id, available: true, participantIdentity: identity, participantName: 'Robot' }),
  );

export async function run(test) {
  await test('an agent that the server API asks for comes into the room as one', async () => {
    const name = 'agents-dispatch';
    const worker = await startWorker({ type: JobType.JT_ROOM, agentName: 'scribe', version: '1' });
    const alice = await join('alice', name);
    const dispatch = await dispatches().createDispatch(name, 'scribe', { metadata: 'take notes' });
    assert.match(dispatch.id, /^AD_/);
    const { job } = await worker.next('availability');
    assert.equal(job.metadata, 'take notes');
    assert.equal(job.room.name, name);
    assert.equal(job.dispatchId, dispatch.id);
    accept(worker, job, 'robot');
    const assignment = await worker.next('assignment');
    const robot = new Room();
    await robot.connect(assignment.url || webSocketUrl(), assignment.token, { autoSubscribe: true, dynacast: false });
    const [seen] = await eventually(
      () => alice.remoteParticipants.size && [...alice.remoteParticipants.values()],
      'alice sees it',
    );
    assert.equal(seen.identity, 'robot');
    assert.equal(seen.attributes['lk.agent_name'], 'scribe');
    const { kind, permission } = await api().getParticipant(name, 'robot');
    assert.equal(kind, ParticipantInfo_Kind.AGENT);
    assert.equal(permission.agent, true);
    worker.say('updateJob', { jobId: job.id, status: JobStatus.JS_RUNNING });
    await eventually(async () => {
      const [listed] = await dispatches().listDispatch(name);
      const state = (await dispatches().getDispatch(dispatch.id, name))?.state;
      return listed && state?.jobs[0]?.state.status === JobStatus.JS_RUNNING && state.jobs[0].id === job.id;
    }, 'the dispatch knows its job');
    await dispatches().deleteDispatch(dispatch.id, name);
    assert.equal((await worker.next('termination')).jobId, job.id);
    assert.equal((await dispatches().listDispatch(name)).some(({ id }) => id === dispatch.id), false);
    await robot.disconnect();
    worker.close();
  });

  await test('an agent without a name comes into every room, for each who joins and each who publishes', async () => {
    const name = 'agents-automatic';
    const workers = {};
    for (const type of [JobType.JT_ROOM, JobType.JT_PARTICIPANT, JobType.JT_PUBLISHER]) workers[type] = await startWorker({ type });
    await join('alice', name);
    const { job } = await workers[JobType.JT_ROOM].next('availability');
    assert.equal(job.room.name, name);
    const { job: forAlice } = await workers[JobType.JT_PARTICIPANT].next('availability');
    assert.equal(forAlice.participant.identity, 'alice');
    assert.equal(workers[JobType.JT_PUBLISHER].heard.length, 0);
    Object.values(workers).forEach((worker) => worker.close());
  });

  await test('a room that asks for an agent by name in its configuration has it', async () => {
    const worker = await startWorker({ type: JobType.JT_ROOM, agentName: 'greeter' });
    await api().createRoom({ name: 'agents-configured', agents: [{ agentName: 'greeter', metadata: 'hello' }] });
    const { job } = await worker.next('availability');
    assert.deepEqual([job.agentName, job.metadata], ['greeter', 'hello']);
    worker.close();
  });

  await test('a worker that does not want a job leaves it to another', async () => {
    const unwilling = await startWorker({ type: JobType.JT_ROOM, agentName: 'shared' });
    await api().createRoom({ name: 'agents-shared', agents: [{ agentName: 'shared' }] });
    const { job } = await unwilling.next('availability');
    const willing = await startWorker({ type: JobType.JT_ROOM, agentName: 'shared' });
    unwilling.say('availability', { jobId: job.id, available: false });
    assert.equal((await willing.next('availability')).job.id, job.id);
    unwilling.close();
    willing.close();
  });

  await test.ours('LiveKit forgets a job that no worker is there for', 'a job waits for a worker to come', async () => {
    await api().createRoom({ name: 'agents-late', agents: [{ agentName: 'late' }] });
    const worker = await startWorker({ type: JobType.JT_ROOM, agentName: 'late' });
    assert.equal((await worker.next('availability')).job.room.name, 'agents-late');
    worker.close();
  });

  await test('who has no agent grant is no worker', async () => {
    for (const bearer of ['nonsense', await workerToken({ roomAdmin: true }), await token('alice', 'agents-grants')]) {
      const socket = new WebSocket(`${webSocketUrl()}/agent`, { headers: { authorization: `Bearer ${bearer}` } });
      const status = await within(
        new Promise((done) => {
          socket.on('error', () => {});
          socket.once('unexpected-response', (_, response) => done(response.statusCode));
          socket.once('open', () => done(101));
        }),
        10_000,
        'an answer',
      );
      assert.equal(status, 401);
    }
  });
}
