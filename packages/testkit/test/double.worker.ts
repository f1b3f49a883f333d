self.onmessage = (event: MessageEvent<number>): void => self.postMessage(event.data * 2);
