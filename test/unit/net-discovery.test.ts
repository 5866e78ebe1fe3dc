import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { answerTo, bye, hello, MAX_MESSAGE_BYTES, metadata, questionFor } from '../../src/net/discovery/wsd-messages.ts'
import { siteFinder } from '../../src/net/sites.ts'
import { stableUuid } from '../../src/server/discovery.ts'

const device = { uuid: stableUuid('host:GUPPIE'), name: 'GUPPIE & <co>', workgroup: 'ADVANCE7' }
const url = `http://10.0.0.7:5357/${device.uuid}`
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content)

/** As Windows 10 asks: prefixes are its own. */
const message = (action: string, body: string, id = 'urn:uuid:1'): Uint8Array =>
  bytes(
    `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:x="y"><soap:Header><wsa:To>urn:any</wsa:To><wsa:Action>${action}</wsa:Action><wsa:MessageID>${id}</wsa:MessageID></soap:Header><soap:Body>${body}</soap:Body></soap:Envelope>`,
  )
const DISCOVERY = 'http://schemas.xmlsoap.org/ws/2005/04/discovery'
const probe = (types: string) => message(`${DISCOVERY}/Probe`, `<wsd:Probe><wsd:Types>${types}</wsd:Types></wsd:Probe>`)
const resolve = (uuid: string) =>
  message(
    `${DISCOVERY}/Resolve`,
    `<wsd:Resolve><a:EndpointReference><a:Address>urn:uuid:${uuid}</a:Address></a:EndpointReference></wsd:Resolve>`,
  )

suite('WS-Discovery', () => {
  test('computers are looked for, printers are not ours', () => {
    for (const types of ['', 'wsdp:Device', 'q:Device pub:Computer'])
      assert.deepEqual(questionFor(device, probe(types)), { action: 'Probe', messageId: 'urn:uuid:1' }, types)
    assert.equal(questionFor(device, probe('wprt:PrintDeviceType')), undefined)
    const answer = text(answerTo(device, { action: 'Probe', messageId: '<&>' }, url))
    assert.match(answer, /<wsa:RelatesTo>&#60;&#38;&#62;<\/wsa:RelatesTo>/)
    assert.match(answer, /ProbeMatches/)
    assert.doesNotMatch(answer, /XAddrs/)
  })

  test('who has our address hears where the metadata is', () => {
    const question = questionFor(device, resolve(device.uuid))
    assert.equal(question?.action, 'Resolve')
    assert.equal(questionFor(device, resolve(stableUuid('other'))), undefined)
    assert.ok(
      text(answerTo(device, { action: 'Resolve', messageId: 'm' }, url)).includes(`<wsd:XAddrs>${url}</wsd:XAddrs>`),
    )
    const get = questionFor(device, message('http://schemas.xmlsoap.org/ws/2004/09/transfer/Get', ''))
    assert.equal(get?.action, 'Get')
    assert.match(
      text(metadata(device, get ?? { action: 'Get', messageId: '' })),
      /GUPPIE &#38; &#60;co&#62;\/Workgroup:ADVANCE7/,
    )
    assert.match(text(hello(device, url)), /Hello>/)
    assert.match(text(bye(device)), /Bye>/)
  })

  test('anything else is nothing', () => {
    const good = probe('wsdp:Device')
    const hostile = [
      new Uint8Array(0),
      Uint8Array.of(0xff, 0xfe, 0),
      bytes('<a><b></a>'),
      bytes('no XML at all'),
      bytes('<!DOCTYPE x [<!ENTITY a "aaaa">]><soap:Envelope>&a;</soap:Envelope>'),
      bytes('<'.repeat(10_000)),
      bytes('<a>'.repeat(5000)),
      message(`${DISCOVERY}/Probe`, '<wsd:Probe/>', 'x'.repeat(1000)),
      new Uint8Array(MAX_MESSAGE_BYTES + 1).fill(0x20),
      ...Array.from({ length: good.length - 1 }, (_, length) => good.subarray(0, length)),
    ]
    for (const one of hostile) assert.equal(questionFor(device, one), undefined, text(one).slice(0, 100))
  })
})

test('sites are found by their networks, the first that has an address', () => {
  const siteOf = siteFinder({ York: ['10.1.0.0/16', 'fd00:1::/32'], All: ['10.0.0.0/8'], One: ['192.0.2.7'] })
  assert.equal(siteOf('10.1.2.3'), 'York')
  assert.equal(siteOf('10.2.2.3'), 'All')
  assert.equal(siteOf('fd00:1::5'), 'York')
  assert.equal(siteOf('192.0.2.7'), 'One')
  assert.equal(siteOf('192.0.2.8'), undefined)
  assert.equal(siteOf('no address'), undefined)
  for (const network of ['10.1.0.0/33', '10.1/16', 'x', '10.0.0.0/8/9', '10.0.0.0/'])
    assert.throws(() => siteFinder({ a: [network] }), RangeError, network)
})

test('a UUID is always the same for one name', () => {
  assert.equal(stableUuid('a'), stableUuid('a'))
  assert.notEqual(stableUuid('a'), stableUuid('b'))
  assert.match(stableUuid('a'), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
