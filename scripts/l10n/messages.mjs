// @ts-check
/**
 * Which messages people may read, taken from the code with the TypeScript compiler: what is passed
 * to `vscode.l10n.t`, to a parameter of the type `Localize`, and to the dashboard's `t` and `plural`.
 * A message need not be a literal in the call: its type has to be one (or several), so tables with
 * `as const` and functions that return literals are understood.
 */
import path from 'node:path';
import ts from 'typescript';

/**
 * @typedef {object} Extraction
 * @property {Map<string, string>} messages Every message → the first place it is used at, as `FILE:LINE`.
 * @property {string[]} problems Places where a message cannot be known, or words are not translated.
 */

/** The folders whose words people read in VS Code. */
const PLACES = ['src/vscode', 'src/dashboard', 'src/extension.ts'];

/** Attributes of elements that are read out or shown. */
const SPOKEN_ATTRIBUTES = new Set([
  'aria-label',
  'aria-description',
  'title',
  'placeholder',
  'alt',
]);
const NOTIFICATIONS = /^show(Information|Warning|Error)Message$/;

/**
 * @param {string} root The folder of this repository.
 * @returns {Extraction}
 */
export function extractMessages(root) {
  const config = ts.readConfigFile(path.join(root, 'src/dashboard/tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    config.config,
    ts.sys,
    path.join(root, 'src/dashboard'),
  );
  const files = PLACES.flatMap((place) => {
    const full = path.join(root, place);
    return place.endsWith('.ts') ? [full] : ts.sys.readDirectory(full, ['.ts', '.tsx']);
  });
  // One program for both worlds: nothing is checked, types only have to be found.
  const program = ts.createProgram(files, { ...options, types: ['node'], noEmit: true });
  const wanted = new Set(files.map((file) => path.resolve(file)));
  const reader = new Reader(program.getTypeChecker(), root);
  for (const source of program.getSourceFiles()) {
    if (wanted.has(path.resolve(source.fileName))) reader.read(source);
  }
  return { messages: reader.messages, problems: reader.problems };
}

/**
 * The placeholders of a message, sorted.
 * @param {string} message
 */
export function placeholders(message) {
  return [...new Set([...message.matchAll(/\{(\d+)\}/g)].map(([hole]) => hole))].sort();
}

class Reader {
  /** @type {Map<string, string>} */
  messages = new Map();
  /** @type {string[]} */
  problems = [];
  #checker;
  #root;

  /**
   * @param {ts.TypeChecker} checker
   * @param {string} root
   */
  constructor(checker, root) {
    this.#checker = checker;
    this.#root = root;
  }

  /** @param {ts.SourceFile} source */
  read(source) {
    // Here messages are passed through, so none of them has its words here.
    const passesOn = source.fileName.endsWith('src/dashboard/localize.ts');
    /** @param {ts.Node} node */
    const visit = (node) => {
      if (ts.isCallExpression(node) && !passesOn) this.#call(node);
      if (ts.isJsxText(node) && isWords(node)) this.#untranslated(node, node.text);
      if (ts.isJsxAttribute(node)) this.#attribute(node);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }

  /** @param {ts.CallExpression} call */
  #call(call) {
    const [first, second] = call.arguments;
    if (!first) return;
    const kind = this.#localizer(call.expression);
    if (kind === 't') this.#take(call, this.#messagesOf(first), call.arguments.slice(1));
    else if (kind === 'plural' && second) {
      this.#take(call, this.#formsOf(second), call.arguments.slice(2));
    } else if (
      ts.isPropertyAccessExpression(call.expression) &&
      NOTIFICATIONS.test(call.expression.name.text) &&
      ts.isStringLiteralLike(first)
    ) {
      this.#untranslated(first, first.text);
    }
  }

  /**
   * @param {ts.Node} node
   * @param {string[] | undefined} found
   * @param {readonly ts.Expression[]} args
   */
  #take(node, found, args) {
    if (!found) {
      this.problems.push(`${this.#place(node)}: the message is not known before run time`);
      return;
    }
    const open = args.some(ts.isSpreadElement);
    for (const message of found) {
      if (!this.messages.has(message)) this.messages.set(message, this.#place(node));
      const missing = placeholders(message).filter(
        (hole) => !open && Number(hole.slice(1, -1)) >= args.length,
      );
      if (missing.length > 0) {
        this.problems.push(`${this.#place(node)}: no argument for ${missing.join(', ')}`);
      }
    }
  }

  /** @param {ts.JsxAttribute} attribute */
  #attribute({ name, initializer }) {
    if (!initializer || !ts.isStringLiteral(initializer)) return;
    if (SPOKEN_ATTRIBUTES.has(name.getText()) && /\p{L}/u.test(initializer.text)) {
      this.#untranslated(initializer, initializer.text);
    }
  }

  /**
   * @param {ts.Node} node
   * @param {string} text
   */
  #untranslated(node, text) {
    this.problems.push(`${this.#place(node)}: "${text.trim()}" is not translated`);
  }

  /**
   * What a call of this expression does with its arguments.
   * @param {ts.Expression} callee
   * @returns {'t' | 'plural' | undefined}
   */
  #localizer(callee) {
    const type = this.#checker.getNonNullableType(this.#checker.getTypeAtLocation(callee));
    if (type.aliasSymbol?.name === 'Localize') return 't';
    const [declaration] = type.symbol?.declarations ?? [];
    if (!declaration) return undefined;
    const file = declaration.getSourceFile().fileName;
    const { name } = type.symbol;
    if (file.endsWith('src/dashboard/localize.ts') && (name === 't' || name === 'plural')) {
      return name;
    }
    const namespace = declaration.parent?.parent;
    const inL10n = namespace && ts.isModuleDeclaration(namespace) && namespace.name.text === 'l10n';
    return inL10n && name === 't' ? 't' : undefined;
  }

  /**
   * The messages an expression may stand for; undefined when they are not known.
   * @param {ts.Expression} expression
   * @returns {string[] | undefined}
   */
  #messagesOf(expression) {
    const node = unwrapped(expression);
    if (ts.isStringLiteralLike(node)) return [node.text];
    if (ts.isConditionalExpression(node)) {
      return together(this.#messagesOf(node.whenTrue), this.#messagesOf(node.whenFalse));
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
      const [left, right] = [this.#messagesOf(node.left), this.#messagesOf(node.right)];
      return left && right && left.flatMap((start) => right.map((end) => start + end));
    }
    if (ts.isCallExpression(node) && node.arguments[1] && isNamed(node, 'pluralForm')) {
      return this.#formsOf(node.arguments[1]);
    }
    return literalsOf(this.#checker.getTypeAtLocation(node));
  }

  /**
   * The messages of a `PluralForms`.
   * @param {ts.Expression} expression
   * @returns {string[] | undefined}
   */
  #formsOf(expression) {
    const node = unwrapped(expression);
    if (ts.isConditionalExpression(node)) {
      return together(this.#formsOf(node.whenTrue), this.#formsOf(node.whenFalse));
    }
    if (ts.isObjectLiteralExpression(node)) {
      return node.properties
        .map((property) =>
          ts.isPropertyAssignment(property) ? this.#messagesOf(property.initializer) : undefined,
        )
        .reduce(together, []);
    }
    const symbol = this.#checker.getSymbolAtLocation(node);
    const target =
      symbol && symbol.flags & ts.SymbolFlags.Alias
        ? this.#checker.getAliasedSymbol(symbol)
        : symbol;
    const declaration = target?.valueDeclaration;
    if (declaration && ts.isVariableDeclaration(declaration) && declaration.initializer) {
      return this.#formsOf(declaration.initializer);
    }
    if (declaration && ts.isPropertyAssignment(declaration)) {
      return this.#formsOf(declaration.initializer);
    }
    const type = this.#checker.getTypeAtLocation(node);
    return type
      .getProperties()
      .map((form) => literalsOf(this.#checker.getTypeOfSymbolAtLocation(form, node)))
      .reduce(together, type.getProperties().length > 0 ? [] : undefined);
  }

  /** @param {ts.Node} node */
  #place(node) {
    const source = node.getSourceFile();
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    return `${path.relative(this.#root, source.fileName)}:${line + 1}`;
  }
}

/** The product's name, which is the same in every language. */
const NAME = 'Lingma Gateway';

/**
 * Whether a text is something to translate: not the name, and no code.
 * @param {ts.JsxText} text
 */
function isWords({ text, parent }) {
  if (!/\p{L}/u.test(text) || text.trim() === NAME) return false;
  return !(ts.isJsxElement(parent) && parent.openingElement.tagName.getText() === 'code');
}

/**
 * The expression without parentheses and type assertions.
 * @param {ts.Expression} expression
 * @returns {ts.Expression}
 */
function unwrapped(expression) {
  const wrapped =
    ts.isParenthesizedExpression(expression) ||
    ts.isAsExpression(expression) ||
    ts.isSatisfiesExpression(expression);
  return wrapped ? unwrapped(expression.expression) : expression;
}

/**
 * @param {string[] | undefined} left
 * @param {string[] | undefined} right
 */
function together(left, right) {
  return left && right && [...left, ...right];
}

/**
 * @param {ts.Type} type
 * @returns {string[] | undefined}
 */
function literalsOf(type) {
  if (type.isStringLiteral()) return [type.value];
  return type.isUnion() ? type.types.map(literalsOf).reduce(together, []) : undefined;
}

/**
 * @param {ts.CallExpression} call
 * @param {string} name
 */
function isNamed({ expression }, name) {
  return ts.isIdentifier(expression) && expression.text === name;
}
