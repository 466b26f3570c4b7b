// What clients that nobody here wrote see of sidwatch: Twilio's own SDK signs
// and verifies, @grpc/grpc-js calls and watches from the .proto alone, buf
// judges the .proto. SIDWATCH_BIN is the folder of the built programs.
//
// Nothing here sleeps; every wait is for an event, and the runner's timeout
// ends one that never comes.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import twilio from 'twilio';

import { Ingress, post } from './ingress.mjs';
import { start, stopAll } from './processes.mjs';

const PROTOS = fileURLToPath(new URL('../../protos', import.meta.url));
const BUF = fileURLToPath(new URL('node_modules/.bin/buf', import.meta.url));
const ACCOUNT_SID = 'AC0123456789abcdef0123456789abcdef';
const AUTH_TOKEN = 'token-of-the-node-tests';
const FROM = '+15017250604';
const TO = '+15558675310';
const FORM = 'application/x-www-form-urlencoded';

const definition = protoLoader.loadSync(
    ['sidwatch/v1/tracking.proto', 'google/rpc/error_details.proto',
     'google/rpc/status.proto', 'grpc/health/v1/health.proto'],
    {includeDirs: [PROTOS], keepCase: true, longs: String, enums: String,
     defaults: true, oneofs: true});
const packages = grpc.loadPackageDefinition(definition);

const TIMEOUT = {timeout: 60_000};

let folder;
let ingress;
let addresses;  // of sidwatchd: {grpc, webhook, admin}
let client;

before(async () => {
  assert.ok(process.env.SIDWATCH_BIN,
            'SIDWATCH_BIN must name the folder of the built programs');
  folder = mkdtempSync(path.join(tmpdir(), 'sidwatch-node-'));
  ingress = await Ingress.start();
  const emulator = await start(
      'twilio-emulator',
      ['--listen', '127.0.0.1:0', '--account-sid', ACCOUNT_SID,
       '--auth-token', AUTH_TOKEN]);
  addresses = await start(
      'sidwatchd',
      ['serve', '--grpc-listen', '127.0.0.1:0', '--webhook-listen',
       '127.0.0.1:0', '--admin-listen', '127.0.0.1:0', '--public-url',
       ingress.url, '--storage', `sqlite:${path.join(folder, 'sidwatch.db')}`,
       '--twilio-base-url', `http://${emulator.http}`, '--drain-timeout', '1s'],
      {TWILIO_ACCOUNT_SID: ACCOUNT_SID, TWILIO_AUTH_TOKEN: AUTH_TOKEN});
  ingress.upstream = `http://${addresses.webhook}`;
  client = new packages.sidwatch.v1.TrackingService(
      addresses.grpc, grpc.credentials.createInsecure());
}, TIMEOUT);

after(async () => {
  client?.close();
  const codes = await stopAll();
  await ingress?.stop();
  rmSync(folder, {recursive: true, force: true});
  assert.deepEqual(codes, [0, 0], 'both programs end well');
}, TIMEOUT);

// A unary call; rejects with grpc-js's ServiceError.
function call(method, request) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + TIMEOUT.timeout;
    client[method](request, {deadline}, (error, response) => {
      error ? reject(error) : resolve(response);
    });
  });
}

// Everything a watch gives until it ends well.
async function watch(request) {
  const deadline = Date.now() + TIMEOUT.timeout;
  const responses = [];
  for await (const response of client.WatchStatus(request, {deadline})) {
    responses.push(response);
  }
  return responses;
}

// The google.rpc details of an error, by message name.
function detailsOf(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const status = definition['google.rpc.Status'].deserialize(bytes);
  return Object.fromEntries(status.details.map(({type_url, value}) => {
    const name = type_url.split('/').at(-1);
    return [name, definition[name].deserialize(value)];
  }));
}

let sids = 0;
function callback(fields) {
  const number = (++sids).toString(16).padStart(32, '0');
  return {
    AccountSid: ACCOUNT_SID, ApiVersion: '2010-04-01', From: FROM, To: TO,
    MessageSid: `SM${number}`, MessageStatus: 'sent', SmsStatus: 'sent',
    ...fields,
  };
}

function sign(target, fields) {
  return twilio.getExpectedTwilioSignature(AUTH_TOKEN, ingress.url + target,
                                           fields);
}

// Posts `fields` with that signature to the webhook port. Resolves to the
// HTTP status.
function postCallback(target, fields, signature) {
  const headers = {'content-type': FORM, 'x-twilio-signature': signature};
  const body = new URLSearchParams(fields).toString();
  return post(ingress.upstream, target, headers, body);
}

describe('what Twilio\'s SDK signs', () => {
  const rows = {
    'plain fields': ['/twilio/status', {}],
    'a query': ['/twilio/status?ref=a%20b&x=%27', {}],
    'an empty value': ['/twilio/status', {ErrorMessage: ''}],
    'blanks, plus and percent': ['/twilio/status', {Note: ' a+b 50% = c&d '}],
    'beyond ASCII': ['/twilio/status', {City: 'Zürich 漢字 🙂'}],
    'a field not known here': ['/twilio/status', {NewInTheFuture: '1'}],
    'names that begin alike': ['/twilio/status', {FromCity: 'X', fROM: 'y'}],
  };
  for (const [name, [target, fields]] of Object.entries(rows)) {
    test(`is stored: ${name}`, TIMEOUT, async () => {
      const signed = callback(fields);

      const status = await postCallback(target, signed, sign(target, signed));

      assert.equal(status, 204);
      const {message} = await call('GetMessage',
                                   {message_sid: signed.MessageSid});
      assert.equal(message.status, 'MESSAGE_STATUS_SENT');
      assert.equal(message.origin, 'ORIGIN_ADOPTED');
    });
  }

  test('is refused once a field is altered', TIMEOUT, async () => {
    const signed = callback();
    const signature = sign('/twilio/status', signed);

    const altered = {...signed, MessageStatus: 'delivered'};

    assert.equal(await postCallback('/twilio/status', altered, signature), 403);
    await assert.rejects(call('GetMessage', {message_sid: signed.MessageSid}),
                         {code: grpc.status.NOT_FOUND});
  });

  test('is refused at another URL', TIMEOUT, async () => {
    const signed = callback();
    const signature = sign('/twilio/status', signed);

    assert.equal(
        await postCallback('/twilio/status?ref=x', signed, signature), 403);
  });

  test('is refused with another token', TIMEOUT, async () => {
    const signed = callback();
    const signature = twilio.getExpectedTwilioSignature(
        'another token', ingress.url + '/twilio/status', signed);

    assert.equal(await postCallback('/twilio/status', signed, signature), 403);
  });
});

describe('what grpc-js calls', () => {
  const request = {
    request_id: 'node-1', to: TO, from: FROM, body: 'Hello from Node',
    labels: {suite: 'node'},
  };

  test('sends, and watches the whole life', TIMEOUT, async () => {
    const sent = await call('SendTracked', request);
    const responses = await watch({message_sids: [sent.message.message_sid],
                                   start: 'WATCH_START_BEGINNING'});

    assert.match(sent.message.message_sid, /^SM[0-9a-f]{32}$/);
    assert.equal(sent.replayed, false);
    assert.equal(responses[0].update, 'created');
    const words = responses.filter((r) => r.event)
                      .map((r) => r.event.status_text);
    assert.deepEqual(words, ['queued', 'sent', 'delivered']);
    assert.equal(responses.at(-1).ended.reason,
                 'WATCH_END_REASON_ALL_FINAL');
    assert.ok(responses.every((r) => r.resume_token.length > 0));
  });

  test('gets the same outcome again for the same request', TIMEOUT, async () => {
    const first = await call('SendTracked', request);
    const again = await call('SendTracked', request);

    assert.equal(again.replayed, true);
    assert.equal(again.message.message_sid, first.message.message_sid);
  });

  test('resumes a watch from its token', TIMEOUT, async () => {
    const {message} = await call('SendTracked', request);
    const selection = {message_sids: [message.message_sid]};
    const all = await watch({...selection, start: 'WATCH_START_BEGINNING'});
    const queued = all.find((r) => r.event?.status_text === 'queued');

    const rest = await watch({...selection,
                              resume_token: queued.resume_token});

    assert.deepEqual(rest.filter((r) => r.event)
                         .map((r) => r.event.status_text),
                     ['sent', 'delivered']);
  });

  test('reads why a request is refused', TIMEOUT, async () => {
    const error = await call('SendTracked', {...request, to: 'nobody',
                                             request_id: 'node-2'})
                      .then(() => assert.fail('it was sent'), (e) => e);

    assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
    const details = detailsOf(error);
    assert.equal(details['google.rpc.ErrorInfo'].reason, 'FIELD_INVALID');
    assert.equal(details['google.rpc.ErrorInfo'].domain, 'sidwatch');
    assert.equal(details['google.rpc.BadRequest'].field_violations[0].field,
                 'to');
  });

  test('reads what Twilio refused', TIMEOUT, async () => {
    const error = await call('SendTracked', {...request, to: '+15005550001',
                                             request_id: 'node-3'})
                      .then(() => assert.fail('it was sent'), (e) => e);

    assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
    const info = detailsOf(error)['google.rpc.ErrorInfo'];
    assert.equal(info.reason, 'TWILIO_REFUSED');
    assert.equal(info.metadata.twilio_code, '21211');
  });

  test('asks the standard health service', TIMEOUT, async () => {
    const health = new packages.grpc.health.v1.Health(
        addresses.grpc, grpc.credentials.createInsecure());
    for (const service of ['', 'sidwatch.v1.TrackingService']) {
      const check = promisify(health.Check.bind(health));
      assert.equal((await check({service})).status, 'SERVING');
    }
    health.close();
  });
});

test('Twilio\'s SDK verifies what the emulator signed', TIMEOUT, async () => {
  const sent = await call('SendTracked', {request_id: 'node-4', to: TO,
                                          from: FROM, body: 'Verify me'});
  await watch({message_sids: [sent.message.message_sid]});

  const posted = ingress.requests.filter(
      ({body}) => body.includes(sent.message.message_sid));

  assert.deepEqual(await Promise.all(posted.map(({status}) => status)),
                   [204, 204]);
  for (const {target, headers, body} of posted) {
    const fields = Object.fromEntries(new URLSearchParams(body));
    assert.ok(twilio.validateRequest(AUTH_TOKEN,
                                     headers['x-twilio-signature'],
                                     ingress.url + target, fields));
  }
});

test('buf finds nothing wrong with the protos', TIMEOUT, async () => {
  // Resolves only when buf ends with 0.
  const {stdout} = await promisify(execFile)(BUF, ['lint'], {cwd: PROTOS});
  assert.equal(stdout, '');
});
