/** Tools the official conformance scenarios call; names and answers are theirs. */
import {
  createRequestStateCodec,
  inputRequired,
  type CallToolResult,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

/** One red pixel, and silence. */
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

export const stateCodec = createRequestStateCodec<{ round: number }>({
  key: 'a key of thirty-two bytes or more!',
});

export interface Notifier {
  toolsChanged(): void;
  promptsChanged(): void;
}

type Answer = CallToolResult | InputRequiredResult;

export function text(value: string): CallToolResult {
  return { content: [{ type: 'text', text: value }] };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function tool(server: McpServer, name: string, run: (ctx: ServerContext) => Answer | Promise<Answer>): void {
  server.registerTool(
    name,
    { description: `Conformance tool ${name}`, inputSchema: z.object({}) },
    (_args, ctx) => run(ctx),
  );
}

export function addTools(server: McpServer, notifier: Notifier): void {
  addContentTools(server);
  addStreamingTools(server, notifier);
  addAskingTools(server);
  addInputTools(server);
}

function addContentTools(server: McpServer): void {
  tool(server, 'test_simple_text', () => text('This is a simple text response for testing.'));
  tool(server, 'test_image_content', () => ({
    content: [{ type: 'image', data: PNG, mimeType: 'image/png' }],
  }));
  tool(server, 'test_audio_content', () => ({
    content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  }));
  tool(server, 'test_embedded_resource', () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  }));
  tool(server, 'test_multiple_content_types', () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: PNG, mimeType: 'image/png' },
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: JSON.stringify({ test: 'data', value: 123 }),
        },
      },
    ],
  }));
  tool(server, 'test_error_handling', () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
}

function addStreamingTools(server: McpServer, notifier: Notifier): void {
  tool(server, 'test_tool_with_logging', async (ctx) => {
    await ctx.mcpReq.log('info', 'Tool execution started');
    await pause(50);
    await ctx.mcpReq.log('info', 'Tool processing data');
    await pause(50);
    await ctx.mcpReq.log('info', 'Tool execution completed');
    return text('Tool with logging executed successfully');
  });
  tool(server, 'test_logging_tool', async (ctx) => {
    await ctx.mcpReq.log('info', 'A log message of the tool');
    return text('logged');
  });
  tool(server, 'test_tool_with_progress', async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        await ctx.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100 },
        });
      }
      await pause(50);
    }
    return text(String(progressToken));
  });
  tool(server, 'test_reconnection', async (ctx) => {
    await pause(20);
    ctx.http?.closeSSE?.();
    await pause(100);
    return text('Reconnection test completed successfully');
  });
  tool(server, 'test_trigger_tool_change', () => {
    notifier.toolsChanged();
    return text('announced');
  });
  tool(server, 'test_trigger_prompt_change', () => {
    notifier.promptsChanged();
    return text('announced');
  });
}

/** 2025-11-25: the server asks in the middle of a call. */
function addAskingTools(server: McpServer): void {
  server.registerTool(
    'test_sampling',
    { description: 'Asks the client for a completion', inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, ctx) => {
      const answer = await ctx.mcpReq.requestSampling({
        messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
        maxTokens: 100,
      });
      const content = Array.isArray(answer.content) ? answer.content[0] : answer.content;
      return text(`LLM response: ${content?.type === 'text' ? content.text : '?'}`);
    },
  );
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the user', inputSchema: z.object({ message: z.string() }) },
    async ({ message }, ctx) => {
      const answer = await ctx.mcpReq.elicitInput({
        message,
        requestedSchema: {
          type: 'object',
          properties: {
            username: { type: 'string', description: "User's response" },
            email: { type: 'string', description: "User's email address" },
          },
          required: ['username', 'email'],
        },
      });
      return text(`User response: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
    },
  );
  addElicitationForms(server);
}

function addElicitationForms(server: McpServer): void {
  tool(server, 'test_elicitation_sep1034_defaults', async (ctx) => {
    const answer = await ctx.mcpReq.elicitInput({
      message: 'Please review',
      requestedSchema: {
        type: 'object',
        properties: {
          name: { type: 'string', default: 'John Doe' },
          age: { type: 'integer', default: 30 },
          score: { type: 'number', default: 95.5 },
          status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
          verified: { type: 'boolean', default: true },
        },
      },
    });
    return text(
      `Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`,
    );
  });
  tool(server, 'test_elicitation_sep1330_enums', async (ctx) => {
    const options = ['option1', 'option2', 'option3'];
    const titled = [1, 2, 3].map((n) => ({
      const: `value${n}`,
      title: `${['First', 'Second', 'Third'][n - 1]} Option`,
    }));
    const answer = await ctx.mcpReq.elicitInput({
      message: 'Please choose',
      requestedSchema: {
        type: 'object',
        properties: {
          untitledSingle: { type: 'string', enum: options },
          titledSingle: { type: 'string', oneOf: titled },
          legacyEnum: {
            type: 'string',
            enum: ['opt1', 'opt2', 'opt3'],
            enumNames: ['Option One', 'Option Two', 'Option Three'],
          },
          untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
          titledMulti: { type: 'array', items: { anyOf: titled } },
        },
      },
    });
    return text(
      `Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`,
    );
  });
}

const askName = inputRequired.elicit({
  message: 'What is your name?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
});
const askGreeting = inputRequired.createMessage({
  messages: [{ role: 'user', content: { type: 'text', text: 'Generate a greeting' } }],
  maxTokens: 50,
});
const askConfirm = inputRequired.elicit({
  message: 'Please confirm',
  requestedSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
});

/** The accepted content of one answer, undefined when it is missing or not an object. */
function content(ctx: ServerContext, key: string): Record<string, unknown> | undefined {
  const answer = ctx.mcpReq.inputResponses?.[key] as
    { action?: string; content?: Record<string, unknown> } | undefined;
  return answer?.action === 'accept' ? answer.content : undefined;
}

function capabilities(ctx: ServerContext): Record<string, unknown> {
  const envelope = ctx.mcpReq.envelope as Record<string, unknown> | undefined;
  return (
    (envelope?.['io.modelcontextprotocol/clientCapabilities'] as Record<string, unknown> | undefined) ?? {}
  );
}

/** 2026-07-28: the server asks by returning, the client answers by calling again. */
function addInputTools(server: McpServer): void {
  tool(server, 'test_input_required_result_elicitation', (ctx) => {
    const name = content(ctx, 'user_name')?.name;
    return typeof name === 'string'
      ? text(`Hello, ${name}!`)
      : inputRequired({ inputRequests: { user_name: askName } });
  });
  tool(server, 'test_streaming_elicitation', () => inputRequired({ inputRequests: { user_name: askName } }));
  tool(server, 'test_input_required_result_sampling', (ctx) => {
    const answer = ctx.mcpReq.inputResponses?.capital_question as { content?: { text?: string } } | undefined;
    if (answer) return text(`The model says: ${answer.content?.text ?? JSON.stringify(answer.content)}`);
    const ask = inputRequired.createMessage({
      messages: [{ role: 'user', content: { type: 'text', text: 'What is the capital of France?' } }],
      maxTokens: 100,
    });
    return inputRequired({ inputRequests: { capital_question: ask } });
  });
  tool(server, 'test_input_required_result_list_roots', (ctx) => {
    const answer = ctx.mcpReq.inputResponses?.client_roots as { roots?: { uri: string }[] } | undefined;
    if (answer?.roots) return text(`Roots: ${answer.roots.map(({ uri }) => uri).join(', ')}`);
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  // Sampling is asked for whether it was declared or not: the package refuses what was not.
  tool(server, 'test_missing_capability', (ctx) => {
    if (ctx.mcpReq.inputResponses?.greeting) return text('sampled');
    return inputRequired({ inputRequests: { greeting: askGreeting } });
  });
  tool(server, 'test_input_required_result_capabilities', (ctx) => {
    const has = capabilities(ctx);
    const inputRequests = {
      ...(has.elicitation ? { user_name: askName } : {}),
      ...(has.sampling ? { greeting: askGreeting } : {}),
    };
    return Object.keys(inputRequests).length > 0
      ? inputRequired({ inputRequests })
      : text('nothing can be asked');
  });
  addStatefulInputTools(server);
}

function addStatefulInputTools(server: McpServer): void {
  for (const name of [
    'test_input_required_result_request_state',
    'test_input_required_result_tampered_state',
  ]) {
    tool(server, name, async (ctx) => {
      if (ctx.mcpReq.requestState() !== undefined && content(ctx, 'confirm')) return text('state-ok');
      const requestState = await stateCodec.mint({ round: 1 }, ctx);
      return inputRequired({ inputRequests: { confirm: askConfirm }, requestState });
    });
  }
  tool(server, 'test_input_required_result_multiple_inputs', async (ctx) => {
    const answers = ctx.mcpReq.inputResponses ?? {};
    if (['user_name', 'greeting', 'client_roots'].every((key) => key in answers))
      return text('all answers are here');
    const inputRequests = {
      user_name: askName,
      greeting: askGreeting,
      client_roots: inputRequired.listRoots(),
    };
    return inputRequired({ inputRequests, requestState: await stateCodec.mint({ round: 1 }, ctx) });
  });
  tool(server, 'test_input_required_result_multi_round', async (ctx) => {
    const round = ctx.mcpReq.requestState<{ round: number }>()?.round ?? 0;
    const ask = (message: string, field: string) =>
      inputRequired.elicit({
        message,
        requestedSchema: { type: 'object', properties: { [field]: { type: 'string' } }, required: [field] },
      });
    if (round === 1 && content(ctx, 'step1')) {
      const inputRequests = { step2: ask('Step 2: What is your favorite color?', 'color') };
      return inputRequired({ inputRequests, requestState: await stateCodec.mint({ round: 2 }, ctx) });
    }
    if (round === 2 && content(ctx, 'step2')) return text('both steps are done');
    const inputRequests = { step1: ask('Step 1: What is your name?', 'name') };
    return inputRequired({ inputRequests, requestState: await stateCodec.mint({ round: 1 }, ctx) });
  });
}
