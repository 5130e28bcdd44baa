// The notes page: lists, adds, changes and removes notes through /notes.
const form = document.querySelector('#editor');
const list = document.querySelector('#notes');
const more = document.querySelector('#more');
const cancel = document.querySelector('#cancel');
const message = document.querySelector('#message');
let editing = null;
let next = null;

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body ? {'Content-Type': 'application/json'} : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  if (answer.status === 204) return null;
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.detail || document.title);
  return document;
}

function button(text, label, action) {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = 'quiet';
  element.textContent = text;
  element.setAttribute('aria-label', label);
  element.addEventListener('click', () => action().catch(show));
  return element;
}

function item(note) {
  const element = document.createElement('li');
  element.dataset.id = note.id;
  const when = document.createElement('small');
  when.textContent = new Date(note.changed).toLocaleString();
  const title = document.createElement('h3');
  title.textContent = note.title;
  const text = document.createElement('p');
  text.textContent = note.text;
  const buttons = document.createElement('div');
  buttons.className = 'buttons';
  buttons.append(
    button('Edit', `Edit ${note.title}`, async () => edit(note)),
    button('Delete', `Delete ${note.title}`, async () => {
      await call('DELETE', `/notes/${note.id}`);
      if (editing?.id === note.id) edit(null);
      element.remove();
      settle('Deleted.');
    }));
  element.append(when, title, text, buttons);
  return element;
}

function edit(note) {
  editing = note;
  form.reset();
  if (note) {
    form.elements.title.value = note.title;
    form.elements.text.value = note.text;
  }
  document.querySelector('#editor-title').textContent = note ? 'Edit note' : 'New note';
  cancel.hidden = !note;
  form.elements.title.focus();
}

function settle(text) {
  message.textContent = text;
  document.querySelector('#empty').hidden = list.children.length > 0;
}

function show(error) {
  settle(`That did not work: ${error.message}`);
}

async function load(path) {
  const page = await call('GET', path);
  list.append(...page.notes.map(item));
  next = page.next;
  more.hidden = !next;
  settle('');
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const content = {title: form.elements.title.value, text: form.elements.text.value};
  try {
    if (editing) {
      const note = await call('PUT', `/notes/${editing.id}`, content);
      list.querySelector(`[data-id="${note.id}"]`).replaceWith(item(note));
    } else {
      const note = await call('POST', '/notes', content);
      if (!next) list.append(item(note));
    }
    edit(null);
    settle('Saved.');
  } catch (error) {
    show(error);
  }
});
cancel.addEventListener('click', () => edit(null));
more.addEventListener('click', () => load(next).catch(show));
load('/notes').catch(show);
