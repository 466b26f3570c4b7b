// A stand-in for the ingress between Twilio and the webhook port: it forwards
// each request byte for byte and remembers it. Its address is known before
// sidwatchd starts, so that it can be the public URL.

import { once } from 'node:events';
import http from 'node:http';

// Posts, and resolves to the HTTP status.
export function post(origin, target, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(target, origin), {
      method: 'POST',
      headers: {...headers, 'content-length': Buffer.byteLength(body)},
    });
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function readAll(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

export class Ingress {
  // What came in: {target, headers, body}, and `status`, a promise of what was
  // answered: who watches may know of a callback before its poster does.
  requests = [];

  // Where requests go once the webhook port is known: "http://host:port".
  upstream = undefined;

  static async start() {
    const ingress = new Ingress();
    ingress.server = http.createServer((request, response) => {
      ingress.forward(request, response).catch((error) => {
        response.writeHead(502).end(String(error));
      });
    });
    ingress.server.listen(0, '127.0.0.1');
    await once(ingress.server, 'listening');
    ingress.url = `http://127.0.0.1:${ingress.server.address().port}`;
    return ingress;
  }

  async forward(request, response) {
    const body = await readAll(request);
    const headers = {
      'content-type': request.headers['content-type'],
      'x-twilio-signature': request.headers['x-twilio-signature'],
    };
    const status = post(this.upstream, request.url, headers, body);
    this.requests.push({target: request.url, headers, body, status});
    response.writeHead(await status).end();
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
