/* <json-field>: says while typing whether the text in its textarea is JSON. The server checks again. */
class JsonField extends HTMLElement {
  connectedCallback() {
    this.area = this.querySelector("textarea");
    if (!this.area || this.note) return;
    this.note = document.createElement("p");
    this.note.className = "hint json-field__note";
    this.note.setAttribute("role", "status");
    this.append(this.note);
    this.area.addEventListener("input", () => this.check());
    this.area.addEventListener("keydown", (event) => this.indent(event));
  }

  check() {
    const text = this.area.value;
    this.note.textContent = "";
    if (!text.trim()) return;
    try {
      JSON.parse(text);
    } catch (error) {
      this.note.textContent = `Not JSON yet: ${error.message}`;
    }
  }

  /* Enter keeps the indentation of its line. */
  indent(event) {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
    const { selectionStart: start, value } = this.area;
    const line = value.slice(value.lastIndexOf("\n", start - 1) + 1, start);
    const deeper = /[{[]\s*$/.test(line) ? "  " : "";
    event.preventDefault();
    this.area.setRangeText(`\n${/^\s*/.exec(line)[0]}${deeper}`, start, this.area.selectionEnd, "end");
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

customElements.define("json-field", JsonField);
