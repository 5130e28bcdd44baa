// One visitor: looks around, fills a cart, changes the currency and the quantity, checks out, and looks at the order.
import assert from 'node:assert/strict';

const pictures = ['teapot', 'mug', 'lantern', 'blanket', 'cutting-board', 'watering-can', 'notebook', 'fountain-pen',
  'hammock', 'rucksack', 'compass', 'enamel-pot', 'candle', 'wall-clock', 'umbrella'];
const refusedCard = '3782 822463 10005';  // of a brand that payment does not take
const goodCard = '4111 1111 1111 1111';

export class Visit {
  constructor(page, shots) {
    this.page = page;
    this.shots = shots;
    this.faults = [];
    page.on('response', (response) => {
      if (response.status() >= 400) this.faults.push(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
    page.on('requestfailed', (request) => {
      // A picture that is still loading when the next page is asked for.
      if (request.failure()?.errorText !== 'net::ERR_ABORTED') this.faults.push(`${request.failure()?.errorText} ${request.url()}`);
    });
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.faults.push(message.text());
    });
  }

  async run() {
    await this.lookAround();
    await this.search();
    await this.addToCart(2);
    await this.changeCurrency();
    await this.changeQuantity(3);
    await this.beRefused();
    await this.checkOut();
  }

  async lookAround() {
    await this.page.goto('/shop');
    await this.arrived('home');
    const shown = await this.page.locator('.card img').evaluateAll((images) => images.map((image) => image.getAttribute('src')));
    for (const name of pictures) assert(shown.includes(`/shop/assets/${name}.svg`), `no product has the picture ${name}`);
    assert.equal(await this.page.locator('.count').count(), 0, 'who comes has an empty cart');
    // The keyboard gets past the head of the page.
    await this.page.keyboard.press('Tab');
    await this.page.keyboard.press('Enter');
    await this.page.waitForURL(/#content$/);
  }

  async search() {
    const mug = this.page.locator('.card', { has: this.page.locator('img[src$="/mug.svg"]') });
    this.product = (await mug.locator('.name').textContent()).trim();
    await this.page.getByLabel('Search for products').fill(this.product.split(' ').at(-1).toUpperCase());
    await this.follow(this.page.getByRole('button', { name: 'Search' }));
    await this.arrived('search');
    await this.follow(mug);
    await this.arrived('product');
    assert.equal(await this.page.locator('h1').textContent(), this.product);
  }

  async addToCart(quantity) {
    await this.page.getByLabel('Quantity').fill(String(quantity));
    await this.follow(this.page.getByRole('button', { name: 'Add to cart' }));
    await this.arrived('cart');
    assert.equal(await this.things(), quantity);
  }

  async changeCurrency() {
    const select = this.page.getByLabel('Currency', { exact: true });
    const before = await this.page.locator('#sum').textContent();
    const codes = await select.locator('option').evaluateAll((options) => options.map((option) => option.value));
    assert.equal(await select.inputValue(), 'USD');
    const other = codes.find((code) => code !== 'USD');
    await select.selectOption(other);
    await this.follow(this.page.getByRole('button', { name: 'Change the currency' }));
    await this.arrived('cart in another currency');
    assert.match(this.page.url(), /\/shop\/cart$/);
    assert.equal(await select.inputValue(), other);
    assert.notEqual(await this.page.locator('#sum').textContent(), before);
  }

  async changeQuantity(quantity) {
    const before = await this.page.locator('#sum').textContent();
    await this.page.getByLabel(`Quantity of ${this.product}`).fill(String(quantity));
    await this.follow(this.page.getByRole('button', { name: `Update ${this.product}` }));
    await this.arrived('fuller cart');
    assert.equal(await this.things(), quantity);
    assert.notEqual(await this.page.locator('#sum').textContent(), before);
    await this.page.getByLabel('Sent to').selectOption('DE');
    await this.follow(this.page.getByRole('button', { name: 'Update the country' }));
    await this.arrived('cart for another country');
    assert.match(await this.page.locator('.checkout').textContent(), /Sent to Germany/);
  }

  async beRefused() {
    this.key = await this.page.locator('input[name="key"]').inputValue();
    await this.fillIn({ 'E-mail': 'ada@example.com', Name: 'Ada Lovelace', 'Street and number': 'Ring 1',
      'Postal code': '50667', City: 'Köln', 'Month of expiry': '11', 'Year of expiry': '2035' });
    await this.payWith(refusedCard);
    const refused = this.faults.splice(0);
    assert.match(refused.join(), /^400 POST [^,]*\/shop\/checkout$/, 'the card is refused');
    await this.arrived('refusal');
    assert.notEqual((await this.page.getByRole('alert').textContent()).trim(), '');
    assert.equal(await this.page.getByLabel('Street and number').inputValue(), 'Ring 1');
    assert.equal(await this.page.getByLabel('Card number').inputValue(), '');
    assert.equal(await this.page.getByLabel('Security code').inputValue(), '');
    assert.equal(await this.page.locator('input[name="key"]').inputValue(), this.key, 'the key stays the same');
    assert.equal(await this.things(), 3);
  }

  async checkOut() {
    const total = await this.page.locator('#sum').textContent();
    const currency = await this.page.getByLabel('Currency', { exact: true }).inputValue();
    await this.payWith(goodCard);
    assert.match(this.page.url(), /\/shop\/orders\/[0-9a-f]{32}$/);
    await this.arrived('order');
    assert.equal(await this.page.locator('#order').textContent(), this.key);
    assert.notEqual((await this.page.locator('#tracking').textContent()).trim(), '');
    assert.equal(await this.page.locator('#sum').textContent(), total, 'what is charged is what was shown');
    assert.equal(await this.page.getByLabel('Currency', { exact: true }).inputValue(), currency);
    assert.equal(await this.page.locator('.count').count(), 0, 'the cart is a fresh one');

    // Sent twice, placed once.
    const again = await this.page.request.post('/shop/checkout', { form: { key: this.key, email: 'ada@example.com',
      name: 'Ada Lovelace', street: 'Ring 1', postal_code: '50667', city: 'Köln', country: 'DE', card_number: goodCard,
      expiry_month: '11', expiry_year: '2035', security_code: '123' } });
    assert.equal(again.url(), this.page.url());
    const kept = (await this.page.context().cookies()).map((cookie) => cookie.name);
    assert(!kept.includes('boutique-order'), 'the next order needs another key');

    // The confirmation is written by another service, when it hears of the order.
    const end = Date.now() + 60000;
    while (await this.page.locator('.email').count() === 0) {
      assert(Date.now() < end, 'no confirmation has been written');
      await this.page.reload();
    }
    await this.arrived('order with its confirmation');
    assert.match(await this.page.locator('.email').textContent(), /ada@example\.com/);
    await this.follow(this.page.getByRole('link', { name: 'Back to the shop' }));
    await this.arrived('home again');
  }

  async fillIn(fields) {
    for (const [label, value] of Object.entries(fields)) {
      await this.page.getByLabel(label, { exact: true }).fill(value);
    }
  }

  async payWith(card) {
    await this.fillIn({ 'Card number': card, 'Security code': '123' });
    await this.follow(this.page.getByRole('button', { name: 'Place the order' }));
  }

  /// Clicks, and waits for the page that this leads to.
  async follow(what) {
    await Promise.all([this.page.waitForNavigation(), what.click()]);
  }

  async things() {
    return Number.parseInt(await this.page.locator('.count').textContent(), 10);
  }

  /// Nothing went wrong on the way to this page, and it fits the screen.
  async arrived(where) {
    assert.deepEqual(this.faults, [], `on the way to: ${where}`);
    const { has, fits } = await this.page.evaluate(() => ({
      has: document.documentElement.scrollWidth, fits: document.documentElement.clientWidth }));
    assert(has <= fits, `${where} is ${has} pixels wide on a screen of ${fits}`);
    if (this.shots) await this.page.screenshot({ path: `${this.shots}-${where.replaceAll(' ', '-')}.png`, fullPage: true });
  }
}
