// The two requests that are measured: what is sent, how bare and ours are called, what is right.

const summary = "Three orders came in; the one from Zürich is late";

/** A Telegram update of 1 KB. */
function telegramUpdate() {
  const person = { id: 5012345678, first_name: "Zoë", last_name: "Lindqvist" };
  const from = { ...person, is_bot: false, username: "zoe_l", language_code: "sv" };
  const chat = { ...person, type: "private" };
  const text = 'What came in this morning?\nI need it before ten o\'clock, "urgent" ones first. ';
  const message = (filler) => ({
    update_id: 732184411,
    message: {
      message_id: 1893,
      from,
      chat,
      date: 1795338000,
      text: text + filler,
      entities: [{ offset: 0, length: 4, type: "bold" }],
      reply_to_message: { message_id: 1890, from, chat, date: 1795337000, text: "Good morning!" },
    },
  });
  const missing = 1024 - Buffer.byteLength(JSON.stringify(message("")));
  return JSON.stringify(message("and the rest later. ".repeat(60).slice(0, missing)));
}

const cities = ["Zürich", "København", "東京", "São Paulo", "Graz", "Oslo", "Leeds", "Łódź"];
const notes = [
  "Leave it with the neighbour",
  'Ring twice,\nthen say "parcel for the second floor"',
  "C:\\orders\\2026\\november\tchecked",
  "Très fragile – handle with care 📦",
  "",
];

/** An order: texts with escapes and beyond ASCII, numbers, booleans, nulls, nesting. */
function order(index) {
  const lines = Array.from({ length: 1 + (index % 4) }, (_, line) => ({
    sku: `SKU-${(index * 7919 + line * 104729) % 1_000_003}`,
    quantity: 1 + ((index + line) % 9),
    price: ((index * 37 + line * 11) % 20_000) / 100,
    discount: line % 3 === 0 ? null : 0.05,
  }));
  return {
    id: 9_000_000_000 + index * 17,
    uuid: `${(0x10000000 + index * 2654435).toString(16)}-7b1f-4c55-9a3e-${index.toString(16).padStart(12, "0")}`,
    placed_at: new Date(1_795_000_000_000 + index * 61_000).toISOString(),
    paid: index % 3 !== 0,
    customer: {
      name: `Customer ${index}`,
      email: `customer.${index}@shop.example`,
      address: { city: cities[index % cities.length], zip: String(10_000 + (index % 89_999)) },
      tags: index % 2 === 0 ? ["returning", "newsletter"] : [],
    },
    lines,
    note: notes[index % notes.length],
    location: { lat: (index % 180) - 90 + 0.125, lon: (index % 360) - 180 + 0.0625 },
  };
}

/** A list of orders, 1 MiB of JSON. */
function manyOrders() {
  const orders = [];
  for (let bytes = 0; bytes < 1024 * 1024;) {
    const next = order(orders.length);
    orders.push(next);
    bytes += Buffer.byteLength(JSON.stringify(next)) + 1;
  }
  return JSON.stringify({ prompt: "Which of these are late?", orders });
}

const mapping = JSON.stringify({ user_id: "message.from.id", prompt: "message.text" });
const isSummary = (answer) => answer === summary;
const isTask = ({ status, result }) =>
  status === "completed" && JSON.parse(result).summary === summary;

export const small = {
  title: "1 KB of JSON, params_mapping and getter",
  body: Buffer.from(telegramUpdate()),
  connections: 16,
  warmUpRequests: 60_000,
  bare: { path: "/mapped", isRight: isTask },
  ours: {
    path: `/?agent_id=bench&params_mapping=${encodeURIComponent(mapping)}&getter=result.summary`,
    isRight: isSummary,
  },
  minRate: 0.85,
  maxP99: 1.3,
};

export const large = {
  title: "1 MB of JSON",
  body: Buffer.from(manyOrders()),
  connections: 4,
  warmUpRequests: 300,
  bare: { path: "/plain", isRight: isTask },
  ours: { path: "/?agent_id=bench", isRight: isTask },
  minRate: 0.8,
};
