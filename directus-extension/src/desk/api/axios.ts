/** As much of axios, which Directus gives extensions through useApi(), as the desk uses. */
export interface AxiosRequestConfig {
  method: string;
  url: string;
  params?: Record<string, unknown>;
  data?: unknown;
  headers?: Record<string, string>;
  validateStatus?: (status: number) => boolean;
  signal?: AbortSignal;
}

export interface AxiosAnswer {
  status: number;
  data: unknown;
  headers: unknown;
}

export interface AxiosInstance {
  request(config: AxiosRequestConfig): Promise<AxiosAnswer>;
}
