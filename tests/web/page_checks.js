// What can be measured on a page where it stands, at this width and in these colours. Each function returns complaints.
(() => {
  const SMALLEST_TARGET_PX = 24, SMALLEST_TEXT_PX = 12, OUTLINE_PX = 2;
  const TEXT = 4.5, LARGE_TEXT = 3, PARTS = 3; // contrast ratios of WCAG 2.2, 1.4.3 and 1.4.11
  const told = element => element.outerHTML.slice(0, 140);
  const CONTROLS = "input[type=text], input[type=search], input[type=password], select, textarea";

  const shown = element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !element.closest(".visually-hidden, .skip:not(:focus), script, style, title, desc, option, datalist");

  function colour(text) {
    const parts = text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    const scale = text.startsWith("color(") ? 255 : 1;
    return [parts[0] * scale, parts[1] * scale, parts[2] * scale, parts[3] ?? 1];
  }
  const over = (top, below) => [0, 1, 2].map(n => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);
  function luminance(rgb) {
    const [r, g, b] = rgb.map(value => value / 255).map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function ratio(one, other) {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }

  function grounds() { // what lies behind an element: the backgrounds of all it stands in, each looked up once
    const known = new Map();
    return function ground(element) {
      if (!element) return [255, 255, 255, 1];
      if (!known.has(element)) known.set(element, over(colour(getComputedStyle(element).backgroundColor), element === document.documentElement ? canvas() : ground(element.parentElement)));
      return known.get(element);
    };
  }
  function canvas() {
    const body = colour(getComputedStyle(document.body).backgroundColor);
    return body[3] === 1 ? body : [255, 255, 255, 1];
  }

  function texts() { // every element that has words of its own
    const found = new Set(document.querySelectorAll(CONTROLS));
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (walker.currentNode.data.trim()) found.add(walker.currentNode.parentElement);
    return [...found].filter(element => shown(element) && !element.closest(":disabled"));
  }

  function faint() {
    const ground = grounds(), complaints = [];
    for (const element of texts()) {
      const style = getComputedStyle(element), inSvg = element instanceof SVGElement;
      const dot = inSvg && element.closest("a")?.querySelector(".dot");
      const behind = dot ? colour(getComputedStyle(dot).fill) : ground(inSvg ? element.ownerSVGElement.parentElement : element);
      const needed = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700) ? LARGE_TEXT : TEXT;
      const found = ratio(over(colour(inSvg ? style.fill : style.color), behind), behind);
      if (found < needed) complaints.push(`contrast ${found.toFixed(2)}: ${told(element)}`);
      if (!inSvg && parseFloat(style.fontSize) < SMALLEST_TEXT_PX && !matchMedia("print").matches) complaints.push(`letters of ${style.fontSize}: ${told(element)}`);
    }
    for (const element of document.querySelectorAll(CONTROLS)) {
      const style = getComputedStyle(element);
      if (shown(element) && ratio(colour(style.borderTopColor), ground(element.parentElement)) < PARTS) complaints.push(`border too faint: ${told(element)}`);
    }
    return complaints;
  }

  function small() {
    if (matchMedia("print").matches) return [];
    return [...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary, textarea")].filter(element => {
      const box = element.getBoundingClientRect(), style = getComputedStyle(element);
      if (!box.width || style.display === "inline" || !shown(element)) return false; // a link in a line of text is as high as the line
      const label = element.closest("label")?.getBoundingClientRect();
      return Math.max(box.width, label?.width ?? 0) < SMALLEST_TARGET_PX || Math.max(box.height, label?.height ?? 0) < SMALLEST_TARGET_PX;
    }).map(element => `too small to tap: ${told(element)}`);
  }

  function wide() {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const beyond = [...document.querySelectorAll("main *, header *, footer *")].filter(element => element.getBoundingClientRect().right > width + 1 && !element.closest(".scroll"));
    return [`needs ${document.documentElement.scrollWidth} px of ${width}: ${beyond.slice(-2).map(told)}`];
  }

  function unfolded(look) { // with every part of the page shown, which is put back afterwards
    const folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach(one => { one.open = true; });
    const found = look();
    folded.forEach(one => { one.open = false; });
    return found;
  }

  function unfocused(element) { // why somebody who moves by keyboard would not see where they are
    const box = [...element.getClientRects()][0] ?? element.getBoundingClientRect(), option = element.closest(".option"), target = element.querySelector?.(".target");
    const outlined = one => one && getComputedStyle(one).outlineStyle !== "none" && parseFloat(getComputedStyle(one).outlineWidth) >= OUTLINE_PX;
    const ringed = target && parseFloat(getComputedStyle(target).strokeWidth) >= OUTLINE_PX && getComputedStyle(target).stroke !== "none";
    if (!outlined(element) && !outlined(option) && !ringed) return [`focus cannot be seen: ${told(element)}`];
    if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) return [`focus is off the screen: ${told(element)}`];
    const within = (low, high, most) => Math.min(Math.max((low + high) / 2, 1), most - 1);
    const points = [[within(box.left, box.right, innerWidth), within(box.top, box.bottom, innerHeight)], [box.left + 2, box.top + 2], [box.right - 2, box.bottom - 2]];
    const uncovered = points.some(([x, y]) => { const top = document.elementFromPoint(x, y); return top && (element.contains(top) || top.contains(element) || option?.contains(top)); });
    return uncovered ? [] : [`focus is covered: ${told(element)}`];
  }

  function state() { // a number for what the page is now
    let one = 0xdeadbeef, other = 0x41c6ce57;
    for (const sign of document.documentElement.outerHTML) {
      one = Math.imul(one ^ sign.codePointAt(0), 2654435761);
      other = Math.imul(other ^ sign.codePointAt(0), 1597334677);
    }
    return `${one} ${other}`;
  }

  return { state, look: () => unfolded(() => [...wide(), ...small(), ...faint()]), unfocused };
})()
