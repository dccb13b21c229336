// A JSON Web Token that signs one of our users in to turms.
import { createHmac } from 'node:crypto';

const base64url = (value) => Buffer.from(value).toString('base64url');

/** Good for five minutes: it is needed when a connection begins, not as long as one lasts. */
export function turmsToken(userId, secret, { issuer = 'https://shop.example.com', audience = 'turms', seconds = 300 } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    sub: String(userId), // the id of the user in turms: a positive number of at most 63 bits
    iss: issuer,
    aud: audience,
    exp: now + seconds,
    authenticated: true,
  };
  const signed = `${base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }))}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
