import { Controller, Get, HttpException, Inject, Module, Param, type DynamicModule } from '@nestjs/common';
import { TelemetryModule, type Health, type Metrics } from '#telemetry';
import { resourceMetadata } from './resource-metadata.js';

const DISCOVERY = Symbol('driftline gateway discovery');

export interface Discovery {
  /** Null where tokens are not checked: there is nothing to discover. */
  issuer: string | null | undefined;
  servers: string[];
  publicUrl: () => string;
}

/** RFC 9728: whom to ask for a token for a server behind this gateway. */
@Controller('.well-known/oauth-protected-resource/mcp')
export class DiscoveryController {
  constructor(@Inject(DISCOVERY) private readonly discovery: Discovery) {}

  @Get(':server')
  metadata(@Param('server') server: string): object {
    const { issuer, servers, publicUrl } = this.discovery;
    if (issuer === null || !servers.includes(server)) throw new HttpException('Not found', 404);
    return resourceMetadata(publicUrl(), server, issuer);
  }
}

/** Everything beside the MCP endpoints: `/health`, `/ready`, `/metrics`, and discovery. */
@Module({})
export class GatewayModule {
  static of(metrics: Metrics, health: Health, discovery: Discovery): DynamicModule {
    return {
      module: GatewayModule,
      imports: [TelemetryModule.of(metrics, health)],
      controllers: [DiscoveryController],
      providers: [{ provide: DISCOVERY, useValue: discovery }],
    };
  }
}
