//! Callers that ask without end, and the answers that they got.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::harness::{D1, GRANT, Service};

/// The tokens that callers got, and how often they got none.
#[derive(Debug, Default)]
pub struct Seen {
    pub tokens: Vec<String>,
    pub refused: u32,
}

/// The callers of one service.
pub struct Load {
    over: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Seen>>,
}

impl Load {
    /// Starts this many callers, which ask as D1 does and pause after each answer.
    pub fn on(service: &Service, callers: usize, pause: Duration) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (url, client) = (service.url("/oauth2/token"), reqwest::Client::new());
        let callers = (0..callers).map(|_| {
            let (over, url, client) = (over.clone(), url.clone(), client.clone());
            tokio::spawn(async move {
                let mut seen = Seen::default();
                while !over.load(Ordering::Relaxed) {
                    seen.ask(&client, &url).await;
                    tokio::time::sleep(pause).await;
                }
                seen
            })
        });
        Self {
            callers: callers.collect(),
            over,
        }
    }

    pub async fn end(self) -> Seen {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        for caller in self.callers {
            let seen = caller.await.unwrap();
            all.tokens.extend(seen.tokens);
            all.refused += seen.refused;
        }
        all
    }
}

impl Seen {
    /// Asks once.
    pub async fn ask(&mut self, client: &reqwest::Client, url: &str) {
        let request = client
            .post(url)
            .header("authorization", D1)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(GRANT);
        let token = async {
            let answer = request.send().await.ok()?.error_for_status().ok()?;
            let reply: serde_json::Value = answer.json().await.ok()?;
            Some(reply["access_token"].as_str()?.to_owned())
        };
        match token.await {
            Some(token) => self.tokens.push(token),
            None => self.refused += 1,
        }
    }
}
