// Against a real server: TURMS_URL=ws://127.0.0.1:7880/turms, started with --dev (its demo accounts and group).
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Attachments, DeviceType, Presence, TurmsClient, UserStatus, type WebSocketConstructor } from '../src/index.js';

const url = process.env.TURMS_URL;
const clients: TurmsClient[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.signOut();
});

async function signIn(userId: bigint, password = 'turms'): Promise<TurmsClient> {
  const client = new TurmsClient({
    url: url!,
    webSocket: WebSocket as unknown as WebSocketConstructor,
    deviceType: DeviceType.OTHERS,
  });
  clients.push(client);
  await client.signIn({ userId, password });
  return client;
}

describe.skipIf(!url)('the server', () => {
  test('refuses a wrong password', async () => {
    await expect(signIn(1n, 'wrong')).rejects.toMatchObject({ kind: 'refused', code: 2011 });
  });

  test('delivers a message to the other members, and keeps it', async () => {
    const [alice, bob] = await Promise.all([signIn(1n), signIn(2n)]);
    const group = (await alice.groups.joined())[0]!;
    const text = `hello ${Date.now()}`;
    const arrived = bob.once('message', ({ message }) => message.text === text);
    const { id } = await alice.messages.sendToGroup(group.id, text);
    expect((await arrived).message).toMatchObject({ id, groupId: group.id, senderId: 1n });
    const history = await bob.messages.history({ groupId: group.id, limit: 1, from: 'newest' });
    expect(history).toMatchObject([{ id, text, senderId: 1n }]);
  });

  test('finds messages of groups and of two by their ids', async () => {
    const [alice, bob] = await Promise.all([signIn(1n), signIn(2n)]);
    const groupId = (await alice.groups.joined())[0]!.id;
    const sent = await Promise.all([alice.messages.send({ groupId }, 'to all'), alice.messages.send({ userId: 2n }, 'to one')]);
    const found = await bob.messages.byIds(sent.map(({ id }) => id));
    expect(found.map(({ text }) => text).sort()).toEqual(['to all', 'to one']);
  });

  test('tells others of edits, recalls, typing and read dates', async () => {
    const [alice, bob] = await Promise.all([signIn(1n), signIn(2n)]);
    const group = (await alice.groups.joined())[0]!;
    const { id } = await alice.messages.sendToGroup(group.id, 'draft');
    const edited = bob.once('messageUpdated', (update) => update.messageId === id && update.text !== undefined);
    await alice.messages.edit(id, 'final');
    expect(await edited).toMatchObject({ text: 'final', by: 1n });
    const recalled = bob.once('message', ({ message }) => message.system?.kind === 'recalled');
    await alice.messages.recall(id);
    expect((await recalled).message.system).toEqual({ kind: 'recalled', messageId: id });
    const typing = bob.once('typing');
    await alice.messages.typingInGroup(group.id);
    expect(await typing).toEqual({ userId: 1n, groupId: group.id });
    await bob.messages.markGroupRead(group.id);
    const read = (await bob.messages.groupReadDates([group.id])).get(group.id)?.get(2n);
    expect(read).toBeGreaterThan(0);
  });

  test('gives what was missed, lists conversations and searches', async () => {
    const [alice, bob] = await Promise.all([signIn(1n), signIn(2n)]);
    const groupId = (await alice.groups.joined())[0]!.id;
    await bob.conversations.markRead({ groupId });
    const before = (await bob.conversations.list()).find(({ ref }) => 'groupId' in ref && ref.groupId === groupId)!;
    expect(before.unread).toBe(0);
    const word = `wort${Date.now()}`;
    const first = await alice.messages.sendToGroup(groupId, `${word} @{2} 开会`, 'key' + word);
    const again = await alice.messages.sendToGroup(groupId, `${word} @{2} 开会`, 'key' + word);
    expect(again.id).toBe(first.id);
    const missed = await bob.conversations.missed({ groupId }, before.lastSequence);
    expect(missed.messages).toMatchObject([{ id: first.id, sequence: before.lastSequence + 1n }]);
    expect(missed.more).toBe(false);
    const after = (await bob.conversations.list()).find(({ ref }) => 'groupId' in ref && ref.groupId === groupId)!;
    expect(after).toMatchObject({ unread: 1, mentioned: true, lastMessage: { id: first.id } });
    const found = await bob.conversations.search(`${word} 会`);
    expect(found).toMatchObject([{ message: { id: first.id }, highlights: [{ start: 0, length: word.length }, {}] }]);
    await bob.conversations.react(first.id, [1]);
    await alice.conversations.setMessagePinned(first.id, true);
    expect((await bob.conversations.pinnedMessages({ groupId })).map(({ id }) => id)).toContain(first.id);
    await bob.conversations.setMuted({ groupId }, true);
    const muted = (await bob.conversations.list()).find(({ ref }) => 'groupId' in ref && ref.groupId === groupId)!;
    expect(muted.muted).toBe(true);
  });

  test('makes groups that others join by invitation', async () => {
    const [alice, bob] = await Promise.all([signIn(1n), signIn(2n)]);
    const groupId = await alice.groups.create('Project');
    const invited = bob.once('invitation');
    const invitationId = await alice.groups.invite(groupId, 2n, 'come');
    expect(await invited).toEqual({ groupId, inviterId: 1n, inviteeId: 2n });
    expect((await bob.groups.pendingInvitations()).map(({ id }) => id)).toContain(invitationId);
    const answered = alice.once('invitationAnswered');
    await bob.groups.answerInvitation(invitationId, true);
    expect(await answered).toMatchObject({ invitationId, accepted: true, by: 2n });
    expect((await alice.groups.members(groupId)).map(({ userId }) => userId).sort()).toEqual([1n, 2n]);
    const removed = bob.once('membersChanged', ({ change }) => change === 'removed');
    await alice.groups.removeMember(groupId, 2n);
    expect(await removed).toEqual({ groupId, change: 'removed', userIds: [2n], by: 1n });
    await expect(bob.messages.sendToGroup(groupId, 'still here?')).rejects.toMatchObject({ kind: 'refused' });
  });

  test('tells who is there, and as what', async () => {
    const [alice] = await Promise.all([signIn(1n), signIn(2n)]);
    const presence = new Presence(alice);
    await presence.set(UserStatus.BUSY);
    const statuses = await presence.of([1n, 2n, 3n]);
    expect(statuses.get(1n)).toEqual({ status: UserStatus.BUSY, devices: [DeviceType.OTHERS] });
    expect(statuses.get(2n)?.status).toBe(UserStatus.AVAILABLE);
    expect(statuses.get(3n)?.status).toBe(UserStatus.OFFLINE);
  });

  test('lists files, and shares them', async () => {
    const [alice, carol] = await Promise.all([signIn(1n), signIn(3n)]);
    const { id } = await alice.storage.upload({ groupId: await alice.groups.create('Alone') }, new Blob(['hello'], { type: 'text/plain' }), 'hello.txt');
    const mine = await new Attachments(alice).list({ mine: true });
    expect(mine.find((file) => file.id === id)).toMatchObject({ name: 'hello.txt', mediaType: 'text/plain', uploaderId: 1n });
    await expect(carol.storage.attachmentLink(id)).rejects.toMatchObject({ code: 6107 });
    await new Attachments(alice).share(id, { groupId: (await carol.groups.joined())[0]!.id });
    const { url } = await carol.storage.attachmentLink(id);
    expect(await (await fetch(url)).text()).toBe('hello');
  });
});
