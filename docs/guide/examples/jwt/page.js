import { TurmsClient } from 'turms-client';
import { startChat } from './chat.js';
import { startMeetings } from './meeting.js';

async function turmsAccess() {
  const response = await fetch('turms-token');
  if (!response.ok) throw new Error('nobody is signed in');
  return response.json();
}

async function start() {
  const { url, userId, groupId } = await turmsAccess();
  const server = `${url.replace(/^http/, 'ws')}/turms`;
  const client = new TurmsClient({ url: server });
  client.on('state', (state) => (document.querySelector('#state').textContent = state));
  // Tokens expire: one is asked for on each connection, also when a lost one comes back.
  await client.signIn({ userId: BigInt(userId), password: async () => (await turmsAccess()).token });
  document.querySelector('main').hidden = false;
  document.querySelector('#login').hidden = true;
  await startChat(client, BigInt(groupId));
  await startMeetings(client, BigInt(groupId), server);
}

document.querySelector('#login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
  const response = await fetch('login', { method: 'POST', body });
  if (response.ok) await start();
  else alert('Wrong name or password');
});
start().catch(() => {}); // nobody is signed in yet
