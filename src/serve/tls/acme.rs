//! Certificates from an ACME server (RFC 8555). It checks that the host is ours by the challenge TLS-ALPN-01 (RFC 8737), which needs no
//! port but that of the pages. Account and certificate stay in the data folder.

use super::{ACME, Certificates, server_config};
use crate::{
    config::{
        folder::{make_private, write_private},
        public_address::Acme,
    },
    net::{
        certificate::{self, Validity},
        tls,
    },
};
use anyhow::Context as _;
use axum::http;
use bytes::Bytes;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType, Error, HttpClient, Identifier,
    KeyAuthorization, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};
use std::{
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

/// Clocks jump, and machines sleep.
const LOOK_EVERY: Duration = Duration::from_hours(1);
/// One request to the ACME server.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The checks of a host, and the signature.
const DONE_WITHIN: Duration = Duration::from_mins(3);
/// After a failure; twice as long after each further one. Let's Encrypt allows five an hour.
const FIRST_PAUSE: Duration = Duration::from_mins(5);
const LONGEST_PAUSE: Duration = Duration::from_hours(2);
/// What an ACME server says of an account that it does not know (any more).
const UNKNOWN_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Asks for a certificate, and again before it ends.
pub struct Orders {
    acme: Acme,
    host: String,
    /// The account's credentials.
    account: PathBuf,
    /// The key and the chain of the last certificate.
    kept: PathBuf,
    certificates: Arc<Certificates>,
    http: reqwest::Client,
}

impl Orders {
    /// Shows the certificate that is kept in `folder`, if there is one.
    ///
    /// # Errors
    /// The folder cannot be used, or `FOOTLIGHT_ACME_ROOT` cannot be read.
    pub fn open(acme: Acme, host: String, folder: &Path, certificates: Arc<Certificates>) -> anyhow::Result<Self> {
        make_private(folder)?;
        let tls = match &acme.root {
            Some(file) => tls::client_trusting(file).context("FOOTLIGHT_ACME_ROOT cannot be read")?,
            None => tls::client(),
        };
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).timeout(ANSWER_WITHIN).build();
        // Another server or another address is another account, and its certificates are others.
        let whose = hex::encode(&Sha256::digest(format!("{}\n{}", acme.directory, acme.email))[..6]);
        let orders = Self {
            account: folder.join(format!("account-{whose}.json")),
            kept: folder.join(format!("{host}-{whose}.pem")),
            http: http.context("the HTTP client cannot be made")?,
            acme,
            host,
            certificates,
        };
        if orders.kept.exists() {
            match certificate::read(&orders.kept, &orders.kept) {
                Ok(certified) => orders.certificates.show(certified),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "the kept certificate cannot be used: a new one is asked for"),
            }
        }
        Ok(orders)
    }

    pub async fn run(self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let left = self.until_renewal();
            if !left.is_zero() {
                tokio::time::sleep(left.min(LOOK_EVERY)).await;
                continue;
            }
            tracing::info!(host = self.host, directory = self.acme.directory, "asking for a certificate");
            let ordered = self.order().await;
            *self.certificates.challenge.write() = None;
            match ordered {
                Ok(validity) => {
                    pause = FIRST_PAUSE;
                    tracing::info!(host = self.host, until = validity.last_day(), "there is a new certificate");
                }
                Err(error) => {
                    self.forget_unknown(&error);
                    let (error, again) = (format!("{error:#}"), pause.as_secs());
                    tracing::warn!(host = self.host, error, "no certificate was given; asked again in {again} s");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn until_renewal(&self) -> Duration {
        let shown = self.certificates.current.read().clone();
        let renewal = shown.and_then(|shown| Validity::of(&shown).ok()).map_or(0, Validity::renewal);
        Duration::from_secs(u64::try_from(renewal - certificate::now()).unwrap_or_default())
    }

    async fn order(&self) -> anyhow::Result<Validity> {
        let account = self.account().await.context("the ACME server gives no account")?;
        let identifiers = [Identifier::Dns(self.host.clone())];
        let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
        self.answer_challenges(&mut order).await?;
        let patience = RetryPolicy::new().timeout(DONE_WITHIN);
        let checked = order.poll_ready(&patience).await;
        if !matches!(checked, Ok(OrderStatus::Ready)) {
            let why =
                reason(&mut order).await.unwrap_or_else(|| checked.map_or_else(|error| error.to_string(), |status| format!("{status:?}")));
            anyhow::bail!("the ACME server does not find {} here: {why}", self.host);
        }
        let key = KeyPair::generate()?;
        let mut request = CertificateParams::new([self.host.clone()])?;
        request.distinguished_name = DistinguishedName::new();
        order.finalize_csr(request.serialize_request(&key)?.der()).await?;
        let chain = order.poll_certificate(&patience).await?;
        write_private(&self.kept, &format!("{}\n{chain}", key.serialize_pem()))?;
        let certified = certificate::read(&self.kept, &self.kept)?;
        let validity = Validity::of(&certified)?;
        self.certificates.show(certified);
        Ok(validity)
    }

    /// The account that is kept, or a new one.
    async fn account(&self) -> anyhow::Result<Account> {
        let builder = Account::builder_with_http(Box::new(Http(self.http.clone())));
        if let Ok(text) = std::fs::read_to_string(&self.account) {
            let credentials: AccountCredentials = serde_json::from_str(&text).context("the account's file is damaged")?;
            return Ok(builder.from_credentials(credentials).await?);
        }
        let contact = format!("mailto:{}", self.acme.email);
        let wish = NewAccount { contact: &[&contact], terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder.create(&wish, self.acme.directory.clone(), None).await?;
        write_private(&self.account, &serde_json::to_string(&credentials)?)?;
        Ok(account)
    }

    async fn answer_challenges(&self, order: &mut Order) -> anyhow::Result<()> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let mut challenge = authorization.challenge(ChallengeType::TlsAlpn01).context("the ACME server offers no TLS-ALPN-01")?;
            let answer = answer(&self.host, &challenge.key_authorization())?;
            *self.certificates.challenge.write() = Some(Arc::new(answer));
            challenge.set_ready().await?;
        }
        Ok(())
    }

    /// With the next order a new account is made.
    fn forget_unknown(&self, error: &anyhow::Error) {
        let acme = error.chain().find_map(|cause| cause.downcast_ref::<Error>());
        if matches!(acme, Some(Error::Api(problem)) if problem.r#type.as_deref() == Some(UNKNOWN_ACCOUNT)) {
            let _ = std::fs::remove_file(&self.account);
        }
    }
}

/// What the server found, in its own words.
async fn reason(order: &mut Order) -> Option<String> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.as_ref()) {
            return Some(problem.to_string());
        }
    }
    None
}

/// A certificate that nobody but an ACME server asks for. It is not checked here: its own extension is critical and unknown to others.
fn answer(host: &str, authorization: &KeyAuthorization) -> anyhow::Result<ServerConfig> {
    let mut about = CertificateParams::new([host.to_owned()])?;
    about.custom_extensions = vec![CustomExtension::new_acme_identifier(authorization.digest().as_ref())];
    let key = KeyPair::generate()?;
    let certificate = about.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = ring::default_provider().key_provider.load_private_key(key)?;
    let certified = CertifiedKey::new(vec![certificate.der().clone()], key);
    server_config(Arc::new(SingleCertAndKey::from(certified)), ACME)
}

/// Our HTTP client, for the crate.
struct Http(reqwest::Client);

impl HttpClient for Http {
    fn request(&self, request: http::Request<BodyWrapper<Bytes>>) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move {
            let other = |error: reqwest::Error| Error::Other(Box::new(error));
            let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap)).map_err(other)?;
            let answer = client.execute(request).await.map_err(other)?;
            Ok(BytesResponse::from(http::Response::<reqwest::Body>::from(answer)))
        })
    }
}
