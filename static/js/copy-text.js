/* <copy-text data-from="id">: its button copies the text of that element. Hidden without script, or where the
   browser gives no clipboard (plain HTTP on another host): then the text can still be selected. */
class CopyText extends HTMLElement {
  connectedCallback() {
    this.button = this.querySelector("button");
    if (!this.button || !navigator.clipboard || this.ready) return;
    this.ready = true;
    this.hidden = false;
    this.said = document.createElement("span");
    this.said.className = "sr";
    this.said.setAttribute("role", "status");
    this.append(this.said);
    this.button.addEventListener("click", () => this.copy());
  }

  async copy() {
    const source = document.getElementById(this.dataset.from);
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    this.said.textContent = this.dataset.done || "Copied";
    this.button.classList.add("is-done");
    setTimeout(() => { this.said.textContent = ""; this.button.classList.remove("is-done"); }, 2000);
  }
}

customElements.define("copy-text", CopyText);
