/** The part of luaparse that is used here: https://fstirlitz.github.io/luaparse/ */
declare module "luaparse" {
  export interface Identifier {
    readonly type: "Identifier";
    readonly name: string;
  }

  export type Expression =
    | Identifier
    | { readonly type: "NilLiteral" | "VarargLiteral" }
    | { readonly type: "BooleanLiteral"; readonly value: boolean }
    | { readonly type: "NumericLiteral"; readonly value: number }
    | { readonly type: "StringLiteral"; readonly value: string }
    | {
        readonly type: "MemberExpression";
        readonly base: Expression;
        readonly identifier: Identifier;
      }
    | { readonly type: "IndexExpression"; readonly base: Expression; readonly index: Expression }
    | {
        readonly type: "CallExpression";
        readonly base: Expression;
        readonly arguments: readonly Expression[];
      }
    | FunctionDeclaration
    | { readonly type: "TableConstructorExpression"; readonly fields: readonly TableField[] }
    | {
        readonly type: "LogicalExpression" | "BinaryExpression";
        readonly operator: string;
        readonly left: Expression;
        readonly right: Expression;
      }
    | {
        readonly type: "UnaryExpression";
        readonly operator: string;
        readonly argument: Expression;
      };

  export type TableField =
    | { readonly type: "TableValue"; readonly value: Expression }
    | { readonly type: "TableKey" | "TableKeyString" };

  export interface FunctionDeclaration {
    readonly type: "FunctionDeclaration";
    readonly identifier: Expression | null;
    readonly parameters: readonly Expression[];
    readonly body: readonly Statement[];
  }

  export type Statement =
    | {
        readonly type: "LocalStatement";
        readonly variables: readonly Identifier[];
        readonly init: readonly Expression[];
      }
    | {
        readonly type: "AssignmentStatement";
        readonly variables: readonly Expression[];
        readonly init: readonly Expression[];
      }
    | { readonly type: "CallStatement"; readonly expression: Expression }
    | { readonly type: "IfStatement"; readonly clauses: readonly Clause[] }
    | {
        readonly type: "WhileStatement";
        readonly condition: Expression;
        readonly body: readonly Statement[];
      }
    | {
        readonly type: "ForNumericStatement";
        readonly variable: Identifier;
        readonly start: Expression;
        readonly end: Expression;
        readonly step: Expression | null;
        readonly body: readonly Statement[];
      }
    | {
        readonly type: "ForGenericStatement";
        readonly variables: readonly Identifier[];
        readonly iterators: readonly Expression[];
        readonly body: readonly Statement[];
      }
    | { readonly type: "ReturnStatement"; readonly arguments: readonly Expression[] }
    | { readonly type: "BreakStatement" }
    | FunctionDeclaration;

  export type Clause =
    | {
        readonly type: "IfClause" | "ElseifClause";
        readonly condition: Expression;
        readonly body: readonly Statement[];
      }
    | { readonly type: "ElseClause"; readonly body: readonly Statement[] };

  export interface Chunk {
    readonly body: readonly Statement[];
  }

  export function parse(
    source: string,
    options: { readonly luaVersion: "5.1"; readonly encodingMode: "pseudo-latin1" },
  ): Chunk;
}
